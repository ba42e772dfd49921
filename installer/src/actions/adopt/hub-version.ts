import type { Workload } from "./found.ts";
import type { Problems } from "./refusal.ts";
import { hubProgram, programOf, splitImage, versionOfTag } from "./vendor-programs.ts";

/** Version and edition of the hub, by the images of its programs; a problem where these say none, or several. */
export function hubVersion(
  workloads: readonly Workload[],
  problems: Problems,
): { readonly version: string; readonly edition?: string } {
  const tags = new Set(
    workloads.flatMap(({ image }) => (programOf(image) === hubProgram ? [splitImage(image).tag] : [])),
  );
  const [tag = ""] = tags;
  if (tags.size === 0) problems.add("no service runs an image of CSGHub's server");
  if (tags.size > 1) problems.add(`services run several versions of CSGHub: ${[...tags].join(", ")}`);
  const version = versionOfTag(tag);
  if (version === undefined && tags.size === 1) {
    problems.add(
      `the tag ${JSON.stringify(tag)} of CSGHub's server says no version: write the one that runs in its place`,
    );
  }
  const edition = /-(ce|ee|saas)$/.exec(tag)?.[1];
  return { version: version ?? "", ...(edition === undefined ? {} : { edition }) };
}
