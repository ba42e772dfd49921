import { readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { describe, expect, it } from "vitest";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import type { HelmValues } from "../../src/render/helm/helm-values.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { renderedFileToString } from "../../src/render/rendered-file.ts";
import { toYamlText } from "../../src/render/yaml-text.ts";
import { exampleOf, profiles, readReference, referencePlan, referenceProfiles } from "../support/compose-reference.ts";
import { profilePlan } from "../support/infra-plan.ts";

/**
 * What each profile renders to, by domain with TLS, reviewed like code. For Compose it lies in `compose/reference/`; after a wanted change:
 * `npm run generate`. For Kubernetes it lies beside this file; after a wanted change:
 * `npx vitest run -c installer/vitest.config.ts --project unit golden -u`, and delete files that are named below as left over.
 */
const here = dirname(fileURLToPath(import.meta.url));

describe.each(referenceProfiles())("the Compose rendering of %s", (profile) => {
  const plan = referencePlan(profile);
  const [compose, ...files] = renderCompose(plan).files;
  const reference = readReference(profile);

  it("says what the files of the reference say together", () => {
    expect(reference.compose).toEqual(parse(compose === undefined ? "" : renderedFileToString(compose)));
  });

  it.each(files.map((file) => [file.path, file] as const))("%s is as reviewed", (path, file) => {
    expect(renderedFileToString(file)).toBe(reference.files.get(path));
  });

  it("has no file more or less than the reference", () => {
    const running = plan.components.filter((component) => component.workload !== undefined).map((row) => `${row.id}.yaml`);

    expect([...reference.files.keys()]).toEqual(files.map((file) => file.path).sort());
    expect(reference.composeFiles).toEqual(["compose.yaml", ...running].sort());
  });
});

describe.each(profiles())("the Kubernetes rendering of %s", (profile) => {
  const [values, ...files] = renderHelm(referencePlan(profile)).files;
  const parts = [
    ...splitValues(parse(values === undefined ? "" : renderedFileToString(values)) as HelmValues),
    ...files.filter(({ path }) => !path.startsWith("chart/")).map((file) => ({ path: file.path, contents: renderedFileToString(file) })),
  ];

  it.each(parts.map(({ path, contents }) => [path, contents] as const))("%s is as reviewed", async (path, contents) => {
    await expect(contents).toMatchFileSnapshot(join(here, profile, "helm", path));
  });

  it("has no file that is not rendered any more", () => {
    const folder = join(here, profile, "helm");
    const kept = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1));

    expect(kept.sort()).toEqual(parts.map((part) => part.path).sort());
  });
});

/** Where backups are kept does not change what else is rendered, so that only what differs lies here. */
describe.each(profiles())("the Kubernetes rendering of %s with backups", (profile) => {
  const settings = ["domain=platform.example.org", "backup.mode=embedded", "backup.claim=backups"];
  const { values } = renderHelm(profilePlan(profile, settings, exampleOf(profile)));
  const restoring = renderHelm(
    profilePlan(profile, settings, exampleOf(profile), { restore: { backup: "0123456789abcdef" } }),
  ).values;
  const partOf = (from: HelmValues, id: string) =>
    splitValues(from).find(({ path }) => path === `values/${id}.yaml`)?.contents ?? "";

  it.each([
    ["backups.yaml", partOf(values, "backup")],
    ["restore-backup.yaml", partOf(restoring, "backup")],
    ["restore-postgres.yaml", partOf(restoring, "postgres")],
  ])("%s is as reviewed", async (path, contents) => {
    await expect(contents).toMatchFileSnapshot(join(here, profile, "helm-backups", path));
  });
});

/** One file for each component with its jobs, and one for what belongs to none. */
function splitValues(values: HelmValues): readonly { readonly path: string; readonly contents: string }[] {
  const { components, jobs, ...rest } = values;
  const owners = [...new Set([...components.map((row) => row.id), ...jobs.map((job) => job.component)])];
  return [
    { path: "values/platform.yaml", contents: toYamlText(rest) },
    ...owners.map((id) => ({
      path: `values/${id}.yaml`,
      contents: toYamlText({
        components: components.filter((row) => row.id === id),
        jobs: jobs.filter((job) => job.component === id),
      }),
    })),
  ];
}
