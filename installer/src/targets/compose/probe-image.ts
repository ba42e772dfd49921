import type { Plan } from "../../plan/model.ts";
import type { Docker, Host } from "../../platform/ports.ts";

/**
 * An image that the engine has anyway, to look into volumes and give files away where this user may not. Undefined for root,
 * who needs none, and where the engine has no image of the plan. Ours come first: they have the programs for it.
 */
export async function probeImageOf(
  plan: Plan,
  { docker, host }: { readonly docker: Pick<Docker, "imageIds">; readonly host: Pick<Host, "isRoot"> },
): Promise<string | undefined> {
  if (host.isRoot()) return undefined;
  const images = [
    ...plan.jobs.map((job) => job.container.image),
    ...plan.components.flatMap(({ workload }) => (workload === undefined ? [] : [workload.container.image])),
  ];
  const ordered = [
    ...images.filter((image) => image.source === "built"),
    ...images.filter((image) => image.source !== "built"),
  ].map((image) => image.reference);
  const present = await docker.imageIds(ordered);
  return ordered.find((reference) => present.has(reference));
}
