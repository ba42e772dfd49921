import type { Readable } from "node:stream";
import { BundleError } from "../../errors/installer-error.ts";
import { digestOf } from "../../oci/digest.ts";
import { configurationLayers } from "../../oci/image-config.ts";
import { manifestLimit } from "../../oci/manifest.ts";
import { readTarStream } from "../tar/read-tar-stream.ts";
import type { TarEntryHeader } from "../tar/tar-entries.ts";

/** What one pass over an export teaches. */
export interface EngineExport {
  /** Bytes of every layer, by digest. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Manifests and configurations by digest. */
  readonly documents: ReadonlyMap<string, Buffer>;
  /** Where a layer stands in an export that does not name it by its digest: path to digest. */
  readonly layerPaths: ReadonlyMap<string, string>;
}

/** All documents of an export together; they are kept until the pass is over. */
const documentsLimit = 64 * 1024 * 1024;

/** The name under which messages speak of the export. */
export const exportName = "the export of the docker engine";

/** The digest of `blobs/sha256/<hex>`; undefined for other paths. */
export function blobDigestOf(path: string): string | undefined {
  const match = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(path);
  return match?.[1] === undefined ? undefined : `sha256:${match[1]}`;
}

/**
 * Reads what `docker save` writes, without keeping layers: an OCI layout (Docker 25 and later, and the containerd store)
 * or the older form, a folder or a file a layer.
 * @throws BundleError when it is neither, or damaged
 */
export async function measureExport(stream: Readable, onBytes: (bytes: number) => void): Promise<EngineExport> {
  const sizes = new Map<string, number>();
  const documents = new Map<string, Buffer>();
  const older: OlderFiles = { sizes: new Map(), links: new Map() };
  let list: Buffer | undefined;
  let kept = 0;
  await readTarStream(stream, exportName, async (entry, bytes) => {
    refuseStrangers(entry);
    if (entry.kind === "symlink") older.links.set(entry.name, resolveLink(entry));
    if (entry.kind !== "file") return;
    const digest = blobDigestOf(entry.name);
    if (digest !== undefined) sizes.set(digest, entry.size);
    else older.sizes.set(entry.name, entry.size);
    const document = entry.size <= manifestLimit ? await readDocument(bytes) : undefined;
    onBytes(entry.size);
    if (document === undefined) return;
    kept += document.length;
    if (kept > documentsLimit)
      throw new BundleError(`${exportName} has more than ${documentsLimit} bytes of documents`);
    if (entry.name === "manifest.json") list = document;
    else if (digest !== undefined || /^[0-9a-f]{64}\.json$/.test(entry.name))
      documents.set(digestOf(document), document);
  });
  const layerPaths = olderLayers(list, documents, older);
  for (const [path, digest] of layerPaths) {
    const size = older.sizes.get(path);
    if (size !== undefined) sizes.set(digest, size);
  }
  return { sizes, documents, layerPaths };
}

interface OlderFiles {
  readonly sizes: Map<string, number>;
  /** Docker 24 writes a layer that is there already as a link to the first. */
  readonly links: Map<string, string>;
}

function refuseStrangers(entry: TarEntryHeader): void {
  if (entry.kind === "file" || entry.kind === "directory" || entry.kind === "symlink") return;
  throw new BundleError(`${exportName} has an entry of the kind ${entry.kind}, ${entry.name}, which images have not`);
}

/** `../<id>/layer.tar` beside `<id>/layer.tar`; a link to anywhere else points at no entry and so counts for nothing. */
function resolveLink(entry: TarEntryHeader): string {
  return entry.linkName.replace(/^\.\.\//, "");
}

/** The bytes when they are JSON; a layer is known by its first byte, and the rest of it is passed over. */
async function readDocument(bytes: Readable): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes as AsyncIterable<Buffer>) {
    if (chunks.length === 0 && chunk[0] !== 0x7b && chunk[0] !== 0x5b) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Pairs the layer files that `manifest.json` lists with the digests that the image's configuration lists. */
function olderLayers(
  list: Buffer | undefined,
  documents: ReadonlyMap<string, Buffer>,
  files: OlderFiles,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const image of list === undefined ? [] : listedImages(list)) {
    const hex = /([0-9a-f]{64})(?:\.json)?$/.exec(image.config)?.[1] ?? "";
    const layers = configurationLayers(documents.get(`sha256:${hex}`)) ?? [];
    for (const [index, path] of image.layers.entries()) {
      const digest = layers[index];
      if (blobDigestOf(path) === undefined && digest !== undefined) found.set(files.links.get(path) ?? path, digest);
    }
  }
  return found;
}

function listedImages(list: Buffer): readonly { readonly config: string; readonly layers: readonly string[] }[] {
  const parsed = parseJson(list);
  if (!Array.isArray(parsed)) throw new BundleError(`manifest.json of ${exportName} is not a list of images`);
  return parsed.map((image: unknown) => {
    const { Config: config, Layers: layers } = (image ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof config !== "string" || !Array.isArray(layers)) {
      throw new BundleError(`manifest.json of ${exportName} has an image without configuration or layers`);
    }
    return { config, layers: layers.filter((layer) => typeof layer === "string") };
  });
}

function parseJson(document: Buffer): unknown {
  try {
    return JSON.parse(document.toString("utf8"));
  } catch {
    return undefined;
  }
}
