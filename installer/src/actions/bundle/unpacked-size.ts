import { buffer } from "node:stream/consumers";
import type { Content } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";

/** Where a compressed layer does not tell, this many times its size. */
const usualRatio = 4;

/**
 * Bytes of a layer when it is unpacked: those of the tar; what gzip says at its end (RFC 1952, ISIZE, exact below 4 GiB),
 * never less than it has packed; of other compressions an estimate.
 */
export async function unpackedSize(layer: Descriptor, content: Content): Promise<number> {
  if (layer.mediaType.endsWith(".tar")) return layer.size;
  if (!layer.mediaType.endsWith("gzip")) return layer.size * usualRatio;
  if (layer.size < 18) return layer.size;
  const end = await buffer(await content.open(layer, { start: layer.size - 4, end: layer.size }));
  return Math.max(layer.size, end.length === 4 ? end.readUInt32LE(0) : 0);
}
