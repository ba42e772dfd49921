import { BundleError } from "../errors/installer-error.ts";
import { digestOf } from "../oci/digest.ts";
import { layOutBundle } from "./bundle-layout.ts";
import { type BundleManifest, bundlePaths } from "./bundle-manifest.ts";
import type { BundleEntry, Trust } from "./bundle-reader.ts";
import { parsePublicKey, parseSignature, verifySignature } from "./minisign.ts";
import { bundleManifestLimit, parseBundleManifest } from "./parse-bundle-manifest.ts";
import { checksumsLimit, parseChecksums } from "./parse-checksums.ts";
import type { BundleFile } from "./parts.ts";
import { indexTar, type IndexedEntry } from "./tar/index-tar.ts";

export interface TrustRequest {
  /** Minisign public keys, as in a `.pub` file. */
  readonly trustedKeys: readonly string[];
  readonly allowUnsigned: boolean;
}

/** What one bundle file says of itself, checked as far as that goes without reading its blobs. */
export interface ReadBundle {
  readonly manifest: BundleManifest;
  /** Digest of `bundle.json`. */
  readonly root: string;
  readonly trust: Trust;
  readonly entries: ReadonlyMap<string, BundleEntry>;
}

const signatureLimit = 16 * 1024;

/**
 * Follows the chain of trust of one bundle file: signature, root document, checksums, structure. Nothing of it is used
 * before what vouches for it was checked.
 * @throws BundleError naming what does not fit
 */
export async function readBundle(file: BundleFile, request: TrustRequest): Promise<ReadBundle> {
  if (file.split !== undefined) checkHeaderSignature(file.split, request);
  const indexed = await indexTar(file);
  const document = await readIndexed(file, indexed, { path: bundlePaths.manifest, limit: bundleManifestLimit });
  const signature = indexed.some(({ path }) => path === bundlePaths.signature)
    ? await readIndexed(file, indexed, { path: bundlePaths.signature, limit: signatureLimit })
    : undefined;
  const name = `${bundlePaths.manifest} of ${file.path}`;
  const trust = checkTrust({ document, signature, name }, request);
  const manifest = parseBundleManifest(document, name);
  const checksums = await readIndexed(file, indexed, { path: bundlePaths.checksums, limit: checksumsLimit });
  const digest = digestOf(document);
  const entries = checkStructure(file, indexed, { manifest, digest, checksums });
  return { manifest, root: digest, trust, entries };
}

/** @throws BundleError when nobody trusted vouches for a root document, unless the caller said that it does not matter */
export function checkTrust(
  of: { readonly document: Uint8Array; readonly signature: Uint8Array | undefined; readonly name: string },
  request: TrustRequest,
): Trust {
  const { document, signature, name } = of;
  const keys = request.trustedKeys.map((text) => parsePublicKey(text));
  if (signature === undefined) {
    if (request.allowUnsigned) return { state: "unsigned" };
    throw new BundleError(`${name} is not signed: nobody vouches for what is in it`, {
      hint: "ask its maker for a signed one; --allow-unsigned takes it without knowing who made it",
    });
  }
  const parsed = parseSignature(Buffer.from(signature).toString("utf8"), `the signature of ${name}`);
  const known = keys.some(({ keyId }) => keyId === parsed.keyId);
  if (!known && request.allowUnsigned) return { state: "unsigned" };
  if (keys.length === 0) {
    throw new BundleError(`${name} is signed by the key ${parsed.keyId}, and no key is trusted yet`, {
      hint: "name its maker's public key with --key FILE",
    });
  }
  const { keyId, comment } = verifySignature(document, parsed, keys, name);
  return { state: "signed", keyId, comment };
}

/** The header only says how the parts fit together; a signature on it must be right all the same. */
function checkHeaderSignature(split: NonNullable<BundleFile["split"]>, request: TrustRequest): void {
  if (split.signature === undefined || request.trustedKeys.length === 0) return;
  checkTrust({ document: split.headerBytes, signature: Buffer.from(split.signature), name: split.headerPath }, request);
}

async function readIndexed(
  file: BundleFile,
  entries: readonly IndexedEntry[],
  wanted: { readonly path: string; readonly limit: number },
): Promise<Buffer> {
  const entry = entries.find(({ path }) => path === wanted.path);
  if (entry === undefined) throw new BundleError(`${file.path} is not a bundle: it has no ${wanted.path}`);
  if (entry.size > wanted.limit) {
    throw new BundleError(
      `${wanted.path} of ${file.path} is ${entry.size} bytes, more than the ${wanted.limit} allowed`,
    );
  }
  return file.read(entry.offset, entry.size);
}

function checkStructure(
  file: BundleFile,
  indexed: readonly IndexedEntry[],
  root: { readonly manifest: BundleManifest; readonly digest: string; readonly checksums: Buffer },
): ReadonlyMap<string, BundleEntry> {
  const name = `${bundlePaths.checksums} of ${file.path}`;
  const found = digestOf(root.checksums);
  if (found !== root.manifest.checksums) {
    throw new BundleError(
      `${name} has the digest ${found}, and ${bundlePaths.manifest} says ${root.manifest.checksums}`,
    );
  }
  const listed = parseChecksums(root.checksums, name);
  // What is read of these again is still what was checked.
  const digests = new Map([...listed, [bundlePaths.manifest, root.digest], [bundlePaths.checksums, found]]);
  const entries = new Map<string, BundleEntry>();
  for (const { path, offset, size } of indexed) {
    const digest = digests.get(path);
    if (!listed.has(path) && !outside.includes(path)) {
      throw new BundleError(`${file.path} has ${path} in it, which ${bundlePaths.checksums} does not list`);
    }
    if (!isKnownPath(path, root.manifest)) throw new BundleError(`${file.path} has ${path} in it, which no bundle has`);
    entries.set(path, { path, offset, size, ...(digest === undefined ? {} : { digest }) });
  }
  const missing = [...listed.keys(), ...requiredPaths(root.manifest)].find((path) => !entries.has(path));
  if (missing !== undefined) throw new BundleError(`${file.path} lacks ${missing}, which it should have`);
  checkLayout(file, indexed);
  checkSizes(file, root.manifest, entries);
  return entries;
}

/** What `checksums.txt` does not list, because it hangs on them. */
const outside: readonly string[] = [bundlePaths.manifest, bundlePaths.signature, bundlePaths.checksums];

const always: readonly string[] = [
  bundlePaths.ociLayout,
  bundlePaths.index,
  bundlePaths.dockerManifest,
  bundlePaths.installScript,
];

const ofDelta: readonly string[] = [bundlePaths.fullManifest, bundlePaths.fullSignature, bundlePaths.fullChecksums];

function isKnownPath(path: string, manifest: BundleManifest): boolean {
  if (outside.includes(path) || always.includes(path)) return true;
  if (ofDelta.includes(path)) return manifest.content === "delta";
  return path.startsWith(bundlePaths.files) || /^blobs\/sha256\/[0-9a-f]{64}$/.test(path);
}

function requiredPaths(manifest: BundleManifest): readonly string[] {
  const layout = [bundlePaths.ociLayout, bundlePaths.index];
  return manifest.content === "delta" ? [...layout, bundlePaths.fullManifest, bundlePaths.fullChecksums] : layout;
}

/** Order, headers and end are settled by the entries: a bundle has one form. */
function checkLayout(file: BundleFile, indexed: readonly IndexedEntry[]): void {
  const layout = layOutBundle(indexed);
  const at = layout.entries.findIndex(({ path, offset }, index) => {
    const entry = indexed[index];
    return path !== entry?.path || offset !== entry.offset;
  });
  if (at >= 0)
    throw new BundleError(
      `${file.path} has its entries in another order than a bundle, from ${indexed[at]?.path ?? ""} on`,
    );
  if (layout.size !== file.size) {
    throw new BundleError(`${file.path} is ${file.size} bytes, and its entries make ${layout.size}`);
  }
}

function checkSizes(file: BundleFile, manifest: BundleManifest, entries: ReadonlyMap<string, BundleEntry>): void {
  const described = [
    ...manifest.images.flatMap(({ name, root, platforms, referrers }) =>
      [root, ...platforms.map((platform) => platform.manifest), ...referrers.map(({ descriptor }) => descriptor)].map(
        (descriptor) => ({ of: `the image ${name}`, descriptor }),
      ),
    ),
    ...manifest.artifacts.map(({ name, descriptor }) => ({ of: name, descriptor })),
  ];
  for (const { of, descriptor } of described) {
    const entry = entries.get(`${bundlePaths.blobs}${descriptor.digest.slice("sha256:".length)}`);
    if (entry === undefined && manifest.content === "full") {
      throw new BundleError(`${file.path} lacks ${descriptor.digest}, which belongs to ${of}`);
    }
    if (entry !== undefined && entry.size !== descriptor.size) {
      throw new BundleError(
        `${file.path} has ${descriptor.digest} of ${of} with ${entry.size} bytes, and it should have ${descriptor.size}`,
      );
    }
  }
  for (const { name, sbom } of manifest.images) {
    if (sbom !== undefined && !entries.has(sbom))
      throw new BundleError(`${file.path} lacks ${sbom}, which belongs to the image ${name}`);
  }
}
