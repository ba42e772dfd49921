import type { Plan } from "../../plan/model.ts";
import type { Docker } from "../../platform/ports.ts";

/**
 * An image that the engine has anyway, to look into volumes and give files away where this user may not, or where the engine's
 * places are not on this host, as in a virtual machine. Undefined where the engine has no image of the plan. Ours come first:
 * they have the programs for it.
 */
export async function probeImageOf(
  plan: Plan,
  { docker }: { readonly docker: Pick<Docker, "imageIds"> },
): Promise<string | undefined> {
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
