import { basename, dirname } from "node:path";
import type { BundleEntry, Trust } from "../../bundle/bundle-reader.ts";
import { bundlePaths } from "../../bundle/bundle-manifest.ts";
import { findBadParity, findDamagedParts } from "../../bundle/damaged-parts.ts";
import { collectImageBlobs } from "../../bundle/image-blobs.ts";
import { type OpenedBundle, openBundle } from "../../bundle/open-bundle.ts";
import { isPartName } from "../../bundle/parts.ts";
import { splitSuffix } from "../../bundle/split-header.ts";
import type { HashTask } from "../../platform/content-ports.ts";
import type { BundleFilePorts } from "./bundle-file-ports.ts";
import type { ResultHead } from "../context.ts";
import { readTrustedKeys } from "./trusted-keys.ts";
import { steps } from "../../events/steps.ts";
import { withStep } from "../../execute/with-step.ts";

export interface BundleVerifyRequest {
  /** A bundle, the header or a part of a split one; of a delta its bases after it. */
  readonly paths: readonly string[];
  readonly partFolders: readonly string[];
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
}

export interface BundleDamage {
  /** The bundle it is in. */
  readonly bundle: string;
  /** Entry of the bundle, or name of an image that is not whole. */
  readonly path: string;
  readonly problem: string;
  /** Images and artifacts that need it. */
  readonly owners: readonly string[];
  /** Files on disk it lies in. */
  readonly files: readonly string[];
}

export interface BundleVerifyResult extends ResultHead<"BundleVerifyResult"> {
  readonly ok: boolean;
  readonly bundles: readonly {
    readonly path: string;
    readonly name: string;
    readonly version: string;
    readonly content: "full" | "delta";
    /** Digest of its root document. */
    readonly root: string;
    readonly trust: Trust;
    /** Files in it. */
    readonly entries: number;
    readonly bytes: number;
  }[];
  readonly damaged: readonly BundleDamage[];
  /** Parts of split bundles that do not have their digest; filled when something is damaged. */
  readonly damagedParts: readonly string[];
  readonly ms: number;
}

/**
 * Checks signature, structure and every byte of a bundle, and of the bundles a delta builds on. What is damaged is in
 * the result; a bundle whose signature or structure is wrong is not read at all.
 * @throws BundleError when it cannot be trusted or opened
 */
export async function verifyBundle(request: BundleVerifyRequest, ports: BundleFilePorts): Promise<BundleVerifyResult> {
  const begin = ports.clock.monotonicMs();
  const found = await withStep(ports, steps.verifyBundle, () => verifyAll(request, ports), isWhole);
  const ms = ports.clock.monotonicMs() - begin;
  return { apiVersion: "slipway/v1", kind: "BundleVerifyResult", ok: isWhole(found), ...found, ms };
}

function isWhole({ damaged }: Pick<BundleVerifyResult, "damaged">): boolean {
  return damaged.length === 0;
}

async function verifyAll(
  request: BundleVerifyRequest,
  ports: BundleFilePorts,
): Promise<Pick<BundleVerifyResult, "bundles" | "damaged" | "damagedParts">> {
  await expectBytes(request.paths, ports);
  const trustedKeys = await readTrustedKeys(request, ports);
  const { paths, partFolders, allowUnsigned } = request;
  const bundle = await openBundle({ paths, partFolders, allowUnsigned, trustedKeys }, ports);
  try {
    const chain = chainOf(bundle);
    // Beside the threads that hash; what it reads of a damaged bundle, or stumbles over, is not what is wrong with it.
    const [hashed, walked] = await Promise.allSettled([hashEntries(chain, ports), findIncomplete(bundle)]);
    if (hashed.status === "rejected") throw hashed.reason;
    const damaged = hashed.value;
    if (damaged.length === 0 && walked.status === "rejected") throw walked.reason;
    const incomplete = damaged.length > 0 || walked.status === "rejected" ? [] : walked.value;
    const damagedParts = damaged.length > 0 ? await partsOf(chain, ports) : [];
    await warnOfParity(chain, partFolders, ports);
    return { bundles: chain.map(describe), damaged: [...damaged, ...incomplete], damagedParts };
  } finally {
    await bundle.close();
  }
}

/** Threads for hashing start while the signature and the structure are checked. */
async function expectBytes(paths: readonly string[], { fs, hashing }: BundleFilePorts): Promise<void> {
  const found = await Promise.all(paths.map((path) => fs.stat(path).catch(() => undefined)));
  // A header says of a split bundle how long it is; what is split is long.
  const isSplit = paths.some((path) => path.endsWith(splitSuffix) || isPartName(path));
  hashing.expect(isSplit ? Infinity : found.reduce((sum, file) => sum + (file?.size ?? 0), 0));
}

async function warnOfParity(
  chain: readonly OpenedBundle[],
  partFolders: readonly string[],
  ports: BundleFilePorts,
): Promise<void> {
  for (const { file } of chain) {
    if (file.split === undefined) continue;
    for (const problem of await findBadParity(file.split, [...partFolders, dirname(file.path)], ports)) {
      ports.report({
        type: "warning",
        message: `${problem}: the bundle does not need it, but one lost part less could be rebuilt`,
        hint: "copy it again, or rebuild it with slipway bundle repair",
      });
    }
  }
}

function chainOf(bundle: OpenedBundle): readonly OpenedBundle[] {
  return bundle.basis === undefined ? [bundle] : [bundle, ...chainOf(bundle.basis)];
}

function describe(bundle: OpenedBundle): BundleVerifyResult["bundles"][number] {
  const { manifest, file, trust, entries, documentRoot } = bundle;
  return {
    path: file.path,
    name: manifest.name,
    version: manifest.version,
    content: manifest.content,
    root: documentRoot,
    trust,
    entries: entries.length,
    bytes: file.size,
  };
}

interface Checked {
  readonly bundle: OpenedBundle;
  readonly entry: BundleEntry;
  readonly digest: string;
}

async function hashEntries(chain: readonly OpenedBundle[], ports: BundleFilePorts): Promise<readonly BundleDamage[]> {
  const checked = chain.flatMap((bundle) =>
    bundle.entries.flatMap((entry): readonly Checked[] => {
      const { digest } = entry;
      return digest === undefined ? [] : [{ bundle, entry, digest }];
    }),
  );
  const total = checked.reduce((sum, { entry }) => sum + entry.size, 0);
  const tasks = checked.map(({ bundle, entry }) => toTask(bundle, entry));
  const [first] = chain;
  const digests = await ports.hashing.sha256(
    tasks,
    countUp(total, basename(first?.file.path ?? ""), ports),
    ports.signal,
  );
  const damaged: BundleDamage[] = [];
  for (const [index, { bundle, entry, digest }] of checked.entries()) {
    const found = digests[index] ?? "";
    if (found === digest) continue;
    damaged.push({
      bundle: bundle.file.path,
      path: entry.path,
      problem: `has the digest ${found}, not ${digest}`,
      owners: entry.path.startsWith(bundlePaths.blobs) ? await bundle.ownersOf(digest) : [],
      files: bundle.file.ranges(entry.offset, entry.offset + entry.size).map(({ path }) => path),
    });
  }
  return damaged;
}

function toTask(bundle: OpenedBundle, entry: BundleEntry): HashTask {
  const [first, ...then] = bundle.file.ranges(entry.offset, entry.offset + entry.size);
  // Nothing is in an empty entry, and its digest is checked all the same.
  if (first === undefined) return { path: bundle.file.path, start: 0, end: 0 };
  return { ...first, ...(then.length > 0 && { then }) };
}

/** Tells of progress, once for each percent. */
function countUp(total: number, id: string, ports: BundleFilePorts): (bytes: number) => void {
  let done = 0;
  let told = -1;
  return (bytes) => {
    done += bytes;
    const percent = total === 0 ? 100 : Math.floor((done / total) * 100);
    if (percent === told) return;
    told = percent;
    ports.report({ type: "progress", step: "verify", id, percent });
  };
}

/** Images of which something is in none of the bundles, though nothing that is there is damaged. */
async function findIncomplete(bundle: OpenedBundle): Promise<readonly BundleDamage[]> {
  // Of a delta alone, most is elsewhere.
  if (bundle.manifest.content === "delta" && bundle.basis === undefined) return [];
  const found: BundleDamage[] = [];
  for (const image of bundle.complete.images) {
    const { problems } = await collectImageBlobs(bundle, image);
    for (const problem of problems) {
      found.push({ bundle: bundle.file.path, path: image.reference, problem, owners: [image.name], files: [] });
    }
  }
  return found;
}

async function partsOf(chain: readonly OpenedBundle[], ports: BundleFilePorts): Promise<readonly string[]> {
  const found: string[] = [];
  for (const { file } of chain) {
    if (file.split === undefined) continue;
    found.push(...(await findDamagedParts(file.split, ports)).map(({ problem }) => problem));
  }
  return found;
}
