import { TransportError } from "../../platform/transport-error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import type { RegistryClient } from "../registry-client.ts";
import { isTokenFailure, SignInError } from "../registry-errors.ts";
import type { WorkQueue } from "./work-queue.ts";

/** An image that may be at the target already. */
export interface Probe {
  readonly repository: string;
  readonly tag?: string;
  readonly root: Descriptor;
}

export type ProbeResult =
  | { readonly state: "present" }
  /** Something else stands under the tag: the repository exists. */
  | { readonly state: "other"; readonly digest: string }
  | { readonly state: "missing" }
  | { readonly state: "refused"; readonly error: Error };

/**
 * Asks for each image once, by its tag. The first goes alone, so that a wrong password or a wrong address is tried once and
 * not once for each connection. Where no token can be had for it, the others are not asked for.
 * @throws RegistryError when nothing answers at all, or the password is wrong
 */
export async function probeTarget<Image extends Probe>(
  images: readonly Image[],
  client: RegistryClient,
  queue: WorkQueue,
): Promise<ReadonlyMap<Image, ProbeResult>> {
  const results = new Map<Image, ProbeResult>();
  const rest = [...images];
  let refusals = 0;
  for (let image = rest.shift(); image !== undefined; image = rest.shift()) {
    const result = await probeOne(image, client, queue);
    results.set(image, result);
    if (result.state !== "refused") break;
    if (isHopeless(result.error)) throw result.error;
    if (isTokenFailure(result.error)) return new Map(images.map((one) => [one, results.get(one) ?? result] as const));
    refusals += 1;
    if (refusals === refusalsAlone) break;
  }
  await Promise.all(rest.map(async (image) => results.set(image, await probeOne(image, client, queue))));
  for (const result of results.values()) {
    if (result.state === "refused" && result.error instanceof SignInError) throw result.error;
  }
  return results;
}

/** One repository may be closed to us and the next open. */
const refusalsAlone = 2;

async function probeOne(image: Probe, client: RegistryClient, queue: WorkQueue): Promise<ProbeResult> {
  const { repository, tag, root } = image;
  try {
    const found = await queue.run({ rank: 0, weight: 0 }, () => client.headManifest(repository, tag ?? root.digest));
    if (found === undefined) return { state: "missing" };
    return found.digest === root.digest ? { state: "present" } : { state: "other", digest: found.digest };
  } catch (error) {
    return { state: "refused", error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** Whether no other repository would be answered differently. */
function isHopeless(error: Error): boolean {
  return error instanceof SignInError || error.cause instanceof TransportError;
}
