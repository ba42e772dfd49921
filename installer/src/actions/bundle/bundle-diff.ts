import { type BundleDifference, diffBundles } from "../../bundle/diff.ts";
import type { OpenedBundle } from "../../bundle/open-bundle.ts";
import { BundleError } from "../../errors/installer-error.ts";
import type { ActionPorts, ResultHead } from "../context.ts";
import { type GivenBundle, openGivenBundle } from "./given-bundle.ts";

export interface BundleDiffRequest extends Omit<GivenBundle, "paths"> {
  readonly from: string;
  readonly to: string;
  /** What a delta among them builds on, down to a full bundle; `from` need not be repeated. */
  readonly bases: readonly string[];
}

export interface ComparedBundle {
  readonly path: string;
  readonly name: string;
  readonly version: string;
  /** Digest of the root document of what is complete. */
  readonly root: string;
  /** Of all its blobs, each once, in bytes. */
  readonly blobBytes: number;
}

export interface BundleDiffResult extends ResultHead<"BundleDiffResult">, BundleDifference {
  readonly from: ComparedBundle;
  readonly to: ComparedBundle;
  readonly same: boolean;
}

/**
 * Says what changes from one bundle to another.
 * @throws BundleError when one is not trusted or damaged, or a delta is there without what it builds on
 */
export async function diffBundle(request: BundleDiffRequest, ports: ActionPorts): Promise<BundleDiffResult> {
  const from = await openWhole(request.from, request.bases, request, ports);
  try {
    // A delta is mostly compared with the bundle that it was made from.
    const bases = request.bases.length > 0 ? request.bases : [request.from];
    const to = await openWhole(request.to, bases, request, ports);
    try {
      const difference = await diffBundles(from, to);
      const sides = { from: describe(from, request.from), to: describe(to, request.to) };
      return {
        apiVersion: "slipway/v1",
        kind: "BundleDiffResult",
        ...sides,
        same: from.root === to.root,
        ...difference,
      };
    } finally {
      await to.close();
    }
  } finally {
    await from.close();
  }
}

/** Opens a bundle, and a delta with what it builds on. */
async function openWhole(
  path: string,
  bases: readonly string[],
  given: Omit<GivenBundle, "paths">,
  ports: ActionPorts,
): Promise<OpenedBundle> {
  const { partFolders, keyFiles, allowUnsigned } = given;
  const shared = { keyFiles, allowUnsigned, ...(partFolders !== undefined && { partFolders }) };
  const alone = await openGivenBundle({ paths: [path], ...shared }, ports);
  const others = bases.filter((base) => base !== path);
  const { base } = alone.manifest;
  if (base === undefined) return alone;
  await alone.close();
  if (others.length === 0) {
    throw new BundleError(`${path} is a delta, and what it builds on is not there: ${base.name} ${base.version}`, {
      hint: "name that bundle with --base",
    });
  }
  return openGivenBundle({ paths: [path, ...others], ...shared }, ports);
}

function describe({ complete, root }: OpenedBundle, path: string): ComparedBundle {
  const { name, version, blobBytes } = complete;
  return { path, name, version, root, blobBytes };
}
