import type { Readable } from "node:stream";
import { BundleError, type InstallerError, RegistryError } from "../../errors/installer-error.ts";
import type { Content, ImageSource } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { childrenOf, manifestLimit, parseManifest } from "../../oci/manifest.ts";
import type { ReadManifest } from "./push-plan.ts";

/** More manifests in one image are taken for an attack: platforms and attestations of real ones are a few dozen. */
const manifestsPerImage = 1000;
const deepest = 4;

/** Where an image is read from, and as what it is named when something is wrong with it. */
export interface ReadFrom {
  readonly content: Content;
  /** `image docker.io/library/redis:7 from oci layout /media/usb`. */
  readonly name: string;
  readonly toError: (problem: string) => InstallerError;
}

/** Names an image of a source in errors; a registry's content is the registry's fault, anything else the file's. */
export function readFrom(source: ImageSource, reference: string): ReadFrom {
  const name = `${reference} from ${source.name}`;
  return {
    content: source.content,
    name,
    toError: (problem) =>
      source.kind === "registry"
        ? new RegistryError(`${name}: ${problem}`, { hint: "push again; if it stays, the source is damaged" })
        : new BundleError(`${name}: ${problem}`, { hint: "get a fresh copy of the source" }),
  };
}

/**
 * Reads a manifest and everything below it, verified: children first, the root last, each once.
 * @throws BundleError, RegistryError naming image and digest when one is missing, damaged or out of bounds
 */
export async function readManifests(root: Descriptor, from: ReadFrom): Promise<readonly ReadManifest[]> {
  const read = new Map<string, ReadManifest>();
  const inHand = new Set<string>();
  async function visit(descriptor: Descriptor, depth: number): Promise<void> {
    if (read.has(descriptor.digest)) return;
    if (depth > deepest) throw from.toError(`${descriptor.digest} lies more than ${deepest} manifests deep`);
    if (inHand.has(descriptor.digest)) throw from.toError(`${descriptor.digest} contains itself`);
    if (read.size + inHand.size >= manifestsPerImage) {
      throw from.toError(`it has more than ${manifestsPerImage} manifests`);
    }
    inHand.add(descriptor.digest);
    const bytes = await readVerified(descriptor, from);
    const manifest = parseManifest(bytes, (problem) => from.toError(`manifest ${descriptor.digest} ${problem}`));
    if (manifest.kind === "index") for (const child of childrenOf(manifest)) await visit(child, depth + 1);
    inHand.delete(descriptor.digest);
    // The media type of the document counts: an index may name its children by a wrong one.
    read.set(descriptor.digest, { descriptor: { ...descriptor, mediaType: manifest.mediaType }, bytes, manifest });
  }
  await visit(root, 0);
  return [...read.values()];
}

async function readVerified(descriptor: Descriptor, from: ReadFrom): Promise<Buffer> {
  const { digest, size } = descriptor;
  if (size > manifestLimit)
    throw from.toError(`manifest ${digest} has ${size} bytes, more than the ${manifestLimit} of any`);
  const bytes = await collect(await from.content.open(descriptor), size, () =>
    from.toError(`manifest ${digest} is longer than the ${size} bytes it should have`),
  );
  if (bytes.length !== size) throw from.toError(`manifest ${digest} ends after ${bytes.length} of ${size} bytes`);
  const found = digestOf(bytes);
  if (found !== digest) throw from.toError(`manifest ${digest} has the digest ${found}`);
  return bytes;
}

async function collect(stream: Readable, limit: number, tooLong: () => Error): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) throw tooLong();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
