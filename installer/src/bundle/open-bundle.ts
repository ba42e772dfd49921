import { pipeline, type Readable } from "node:stream";
import { BundleError, UsageError } from "../errors/installer-error.ts";
import type { ByteRange, Content } from "../oci/content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf, verifyContent } from "../oci/digest.ts";
import type { BulkFiles, Hashing } from "../platform/content-ports.ts";
import { blobPath } from "./bundle-layout.ts";
import { type BundleManifest, bundlePaths } from "./bundle-manifest.ts";
import type { BundleEntry, BundleReader, OpenBundleRequest, Trust } from "./bundle-reader.ts";
import { namingParts } from "./damaged-parts.ts";
import { createOwners } from "./blob-owners.ts";
import { resolveImage } from "./find-image.ts";
import { parseBundleManifest } from "./parse-bundle-manifest.ts";
import { parseChecksums } from "./parse-checksums.ts";
import { type BundleFile, openBundleFile } from "./parts.ts";
import { checkTrust, type ReadBundle, readBundle } from "./read-bundle.ts";

/** What opening a bundle needs of the world; the ports of an action are it. */
export interface BundlePorts {
  readonly bulkFiles: BulkFiles;
  readonly hashing: Hashing;
  readonly signal: AbortSignal;
}

/** A bundle opened from files: what `verify` and `flatten` need besides what everybody reads. */
export interface OpenedBundle extends BundleReader {
  readonly file: BundleFile;
  /** Digest of the root document of this file: of a delta, the delta's own. */
  readonly documentRoot: string;
  /** Of a delta opened with what it builds on. */
  readonly basis?: OpenedBundle;
  /** Size of a blob here or in a base; undefined when it is in neither. */
  sizeOf(digest: string): number | undefined;
  readonly content: Content & Required<Pick<Content, "openUnhashed">>;
  /**
   * A small blob whole and verified, here or in a base: less work than a stream.
   * @throws BundleError when it is damaged or not there
   */
  readBlob(descriptor: Descriptor): Promise<Buffer>;
  /** Which images and artifacts a blob belongs to, for people. */
  ownersOf(digest: string): Promise<readonly string[]>;
}

/** Small files larger than this are not read whole. */
const smallFileLimit = 64 * 1024 * 1024;

/**
 * Opens a bundle, or a delta and the bundles it builds on. Trust and structure are checked before this returns; blobs
 * are checked as they are read.
 * @throws BundleError naming what is not trusted, damaged, missing or too much, and in which part it lies
 */
export async function openBundle(request: OpenBundleRequest, ports: BundlePorts): Promise<OpenedBundle> {
  const [path, ...bases] = request.paths;
  if (path === undefined) throw new UsageError("no bundle was named");
  const file = await openBundleFile(path, request.partFolders, ports.bulkFiles);
  let basis: OpenedBundle | undefined;
  try {
    const read = await readBundle(file, request);
    if (bases.length > 0) {
      refuseNeedlessBase(read.manifest, path, bases);
      basis = await openBundle({ ...request, paths: bases }, ports);
      checkBase(read.manifest, path, basis);
    }
    return await createReader({ file, read, basis, request });
  } catch (error) {
    const named = await namingParts(error, file.split, ports).finally(() =>
      Promise.all([file.close(), basis?.close()]),
    );
    throw named;
  }
}

function refuseNeedlessBase(manifest: BundleManifest, path: string, bases: readonly string[]): void {
  if (manifest.content === "delta") return;
  throw new UsageError(`${path} is a full bundle and builds on none; ${bases.join(", ")} is too much`, {
    hint: "name only the bundle itself",
  });
}

/** @throws BundleError when a delta was made for another base */
function checkBase(manifest: BundleManifest, path: string, basis: OpenedBundle): void {
  const { base } = manifest;
  if (base === undefined || basis.root === base.root) return;
  const { name, version } = basis.complete;
  throw new BundleError(
    `${path} builds on ${base.name} ${base.version} (${base.root}), and ${basis.file.path} is ${name} ${version} (${basis.root})`,
    { hint: `name the bundle ${base.name} ${base.version} that the delta was made from` },
  );
}

interface Opening {
  readonly file: BundleFile;
  readonly read: ReadBundle;
  readonly basis: OpenedBundle | undefined;
  readonly request: OpenBundleRequest;
}

async function createReader(opening: Opening): Promise<OpenedBundle> {
  const { file, read, basis } = opening;
  const { manifest, entries } = read;
  const readFile = (path: string): Promise<Buffer> => readSmallFile(file, entries, path);
  const blobOf = (digest: string): BundleEntry | undefined => entries.get(blobPath(digest));
  const sizeOf = (digest: string): number | undefined => blobOf(digest)?.size ?? basis?.sizeOf(digest);
  const whole = basis === undefined ? undefined : await readComplete(opening, { readFile, sizeOf });
  const complete = whole?.manifest ?? manifest;

  const entryOf = (descriptor: Descriptor): BundleEntry => {
    const entry = blobOf(descriptor.digest);
    if (entry !== undefined) return entry;
    const lacksBase = manifest.base !== undefined && basis === undefined;
    throw new BundleError(missingBlob(descriptor, { file, manifest, complete: basis !== undefined }), {
      ...(lacksBase && { hint: "name what a delta builds on after it, or with --base FILE" }),
    });
  };
  /** Of a delta, the bundle below it that has the blob. */
  const below = ({ digest }: Descriptor): OpenedBundle | undefined =>
    blobOf(digest) === undefined && basis?.sizeOf(digest) !== undefined ? basis : undefined;
  const openUnhashed = async (descriptor: Descriptor, range?: ByteRange): Promise<Readable> => {
    const other = below(descriptor);
    if (other !== undefined) return other.content.openUnhashed(descriptor, range);
    const { offset, size } = entryOf(descriptor);
    const { start, end } = range ?? { start: 0, end: size };
    return file.stream(offset + start, offset + Math.min(end, size));
  };
  const openHashed = async (descriptor: Descriptor): Promise<Readable> => {
    const other = below(descriptor);
    if (other !== undefined) return other.content.open(descriptor);
    const { digest } = descriptor;
    const entry = entryOf(descriptor);
    const checked = verifyContent({ digest, size: entry.size }, (problem) => toDamage(digest, entry, problem));
    return pipeline(await openUnhashed(descriptor), checked, () => undefined);
  };
  const readBlob = async (descriptor: Descriptor): Promise<Buffer> => {
    const other = below(descriptor);
    if (other !== undefined) return other.readBlob(descriptor);
    const { digest } = descriptor;
    const entry = entryOf(descriptor);
    const bytes = await file.read(entry.offset, entry.size);
    const found = digestOf(bytes);
    if (found !== digest) throw await toDamage(digest, entry, `has the digest ${found}`);
    return bytes;
  };
  const toDamage = async (digest: string, entry: BundleEntry, problem: string): Promise<BundleError> => {
    const who = await owners.describe(digest);
    const place = describePlace(file, entry);
    return new BundleError(`${digest}${who} ${problem}: ${place} is damaged`, { hint: damagedHint });
  };
  const owners = createOwners(complete, async (descriptor) => {
    const entry = blobOf(descriptor.digest);
    return entry === undefined ? undefined : file.read(entry.offset, entry.size);
  });

  return {
    kind: "bundle",
    name: `bundle ${file.path}`,
    manifest,
    complete,
    root: whole?.root ?? read.root,
    documentRoot: read.root,
    trust: read.trust,
    entries: [...entries.values()],
    file,
    ...(basis !== undefined && { basis }),
    sizeOf,
    readBlob,
    ownersOf: (digest) => owners.of(digest),
    readFile,
    content: {
      open: (descriptor, range) => (range === undefined ? openHashed(descriptor) : openUnhashed(descriptor, range)),
      openUnhashed,
    },
    openArtifact: (artifact) => openHashed(artifact.descriptor),
    resolve: (reference, platforms) => Promise.resolve().then(() => resolveImage(complete, reference, platforms)),
    close: async () => {
      await Promise.all([file.close(), basis?.close()]);
    },
  };
}

const damagedHint = "copy the bundle again; slipway bundle verify lists everything that is damaged";

function describePlace(file: BundleFile, entry: BundleEntry): string {
  return file
    .ranges(entry.offset, entry.offset + Math.max(1, entry.size))
    .map(({ path }) => path)
    .join(" or ");
}

function missingBlob(
  descriptor: Descriptor,
  of: { readonly file: BundleFile; readonly manifest: BundleManifest; readonly complete: boolean },
): string {
  const { file, manifest, complete } = of;
  const { base } = manifest;
  if (base === undefined || complete) return `${descriptor.digest} is not in ${file.path}`;
  return `${descriptor.digest} is not in ${file.path}, which is a delta: it is in ${base.name} ${base.version}, name that bundle too`;
}

async function readSmallFile(
  file: BundleFile,
  entries: ReadonlyMap<string, BundleEntry>,
  path: string,
): Promise<Buffer> {
  const entry = entries.get(path);
  if (entry === undefined) throw new BundleError(`${path} is not in ${file.path}`);
  if (entry.size > smallFileLimit)
    throw new BundleError(`${path} of ${file.path} is ${entry.size} bytes, too long to read`);
  const bytes = await file.read(entry.offset, entry.size);
  const { digest } = entry;
  if (digest !== undefined && digestOf(bytes) !== digest) {
    throw new BundleError(
      `${path} of ${describePlace(file, entry)} is damaged: it has the digest ${digestOf(bytes)}, not ${digest}`,
      {
        hint: damagedHint,
      },
    );
  }
  return bytes;
}

interface Readers {
  readonly readFile: (path: string) => Promise<Buffer>;
  readonly sizeOf: (digest: string) => number | undefined;
}

/** The full bundle that a delta and its base make: named by digest in the delta, and vouched for like any bundle. */
async function readComplete(
  opening: Opening,
  { readFile, sizeOf }: Readers,
): Promise<{ readonly manifest: BundleManifest; readonly root: string; readonly trust: Trust }> {
  const { file, read, request } = opening;
  const document = await readFile(bundlePaths.fullManifest);
  const name = `${bundlePaths.fullManifest} of ${file.path}`;
  const root = digestOf(document);
  if (root !== read.manifest.full?.root) {
    throw new BundleError(
      `${name} has the digest ${root}, and ${bundlePaths.manifest} says ${read.manifest.full?.root ?? ""}`,
    );
  }
  const signed = read.entries.has(bundlePaths.fullSignature);
  const signature = signed ? await readFile(bundlePaths.fullSignature) : undefined;
  const trust = checkTrust({ document, signature, name }, request);
  const manifest = parseBundleManifest(document, name);
  if (manifest.content !== "full") throw new BundleError(`${name} is not of a full bundle`);
  const checksums = await readFile(bundlePaths.fullChecksums);
  if (digestOf(checksums) !== manifest.checksums) {
    throw new BundleError(
      `${bundlePaths.fullChecksums} of ${file.path} is not the one that ${bundlePaths.fullManifest} names`,
    );
  }
  for (const [path, digest] of parseChecksums(checksums, `${bundlePaths.fullChecksums} of ${file.path}`)) {
    const there = path.startsWith(bundlePaths.blobs)
      ? sizeOf(digest) !== undefined
      : read.entries.get(path)?.digest === digest;
    if (!there) throw new BundleError(`${file.path} and its base together lack ${path}, which the full bundle has`);
  }
  return { manifest, root, trust };
}
