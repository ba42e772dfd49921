import { fullTagged, parseReference } from "../../oci/reference.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";

/**
 * What the tags of images of others stand for, where the engine knows it from a pull and no container runs by the tag
 * alone: from then on they are asked for by digest, and a tag that is moved changes nothing. What runs already is not
 * made anew merely because its digest is known.
 */
export async function learnDigests(
  desired: Desired,
  live: Pick<LivePlatform, "services">,
  { target: { images } }: Pick<ActionPorts, "target">,
): Promise<ReadonlyMap<string, string>> {
  if (images === undefined) return new Map();
  const running = new Set([...live.services.values()].map((service) => service.image));
  const references = learnable(desired).filter((reference) => !running.has(reference));
  if (references.length === 0) return new Map();
  const { ids, digests } = await images.findImages(references);
  const learned = new Map<string, string>();
  for (const [reference, id] of ids) {
    const digest = digestIn(digests.get(id) ?? [], reference);
    if (digest !== undefined) learned.set(fullTagged(reference), digest);
  }
  return learned;
}

/** Images without a digest that a registry hands out. */
function learnable({ plan, values }: Desired): readonly string[] {
  const ownRegistry = values !== undefined && values.images.registry !== "";
  const images = [
    ...plan.components.flatMap(({ workload }) => (workload === undefined ? [] : [workload.container.image])),
    ...plan.jobs.map((job) => job.container.image),
  ];
  const pulled = images.filter(
    ({ source, reference }) =>
      !reference.includes("@") && (source === "third-party" || (source === "built" && ownRegistry)),
  );
  return [...new Set(pulled.map((image) => image.reference))].sort();
}

/** The engine lists a digest for every name it pulled the image under; only that of this name can be asked for by it. */
function digestIn(digests: readonly string[], reference: string): string | undefined {
  const wanted = parseReference(reference);
  for (const text of digests) {
    const { host, repository, digest } = parseReference(text);
    if (host === wanted.host && repository === wanted.repository) return digest;
  }
  return undefined;
}
