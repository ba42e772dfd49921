import type { Content } from "../oci/content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { checkContent, verifyContent } from "../oci/digest.ts";
import { manifestLimit } from "../oci/manifest.ts";

/** Reads a manifest or configuration whole, checked against its digest. */
export async function readSmall(
  content: Content,
  descriptor: Descriptor,
  toError: (problem: string) => Error,
): Promise<Buffer> {
  if (descriptor.size > manifestLimit) {
    throw toError(`says it is ${descriptor.size} bytes, more than the ${manifestLimit} of any manifest`);
  }
  // A byte too many shows that it is longer.
  if (content.read !== undefined) {
    return checkContent(descriptor, await content.read(descriptor, descriptor.size + 1), toError);
  }
  const stream = await content.open(descriptor);
  const verified = verifyContent(descriptor, toError);
  stream.once("error", (error) => verified.destroy(error));
  verified.once("close", () => stream.destroy());
  const chunks: Buffer[] = [];
  for await (const chunk of stream.pipe(verified)) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
