import { compareText } from "../language/compare-text.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import type { BundledArtifact, BundledImage } from "./bundle-manifest.ts";
import { collectImageBlobs } from "./image-blobs.ts";
import type { OpenedBundle } from "./open-bundle.ts";
import { type ListedPackage, readSpdxPackages } from "./sbom/read-spdx.ts";

export type Change = "added" | "removed" | "changed" | "unchanged";

export interface PackageChange {
  readonly type: string;
  readonly name: string;
  readonly change: Exclude<Change, "unchanged">;
  /** Versions, in order; several where programs of an image hold different ones. */
  readonly from: readonly string[];
  readonly to: readonly string[];
}

export interface ImageChange {
  readonly name: string;
  readonly change: Change;
  readonly from?: { readonly reference: string; readonly digest: string; readonly bytes: number };
  readonly to?: { readonly reference: string; readonly digest: string; readonly bytes: number };
  /** Those that only one side has, and how many both have. */
  readonly layers: {
    readonly added: readonly LayerSize[];
    readonly removed: readonly LayerSize[];
    readonly shared: number;
  };
  /** Absent where a side has no list of packages. */
  readonly packages?: readonly PackageChange[];
}

export interface LayerSize {
  readonly digest: string;
  readonly bytes: number;
}

export interface ArtifactChange {
  readonly name: string;
  readonly platform?: string;
  readonly change: Change;
  readonly from?: { readonly version: string; readonly digest: string; readonly bytes: number };
  readonly to?: { readonly version: string; readonly digest: string; readonly bytes: number };
}

export interface BundleDifference {
  readonly images: readonly ImageChange[];
  readonly artifacts: readonly ArtifactChange[];
  /** Bytes of images and programs that only one side has, each blob once; `added` is what a delta carries. */
  readonly bytes: { readonly added: number; readonly removed: number; readonly shared: number };
}

/**
 * Compares two bundles: images, their layers and packages, and programs.
 * @throws BundleError when a manifest or a list of packages is damaged
 */
export async function diffBundles(from: OpenedBundle, to: OpenedBundle): Promise<BundleDifference> {
  const before = await readSide(from);
  const after = await readSide(to);
  const images: ImageChange[] = [];
  for (const name of namesOf(before.images, after.images)) {
    images.push(await compareImage(name, before, after));
  }
  return {
    images,
    artifacts: compareArtifacts(from.complete.artifacts, to.complete.artifacts),
    bytes: compareBytes(before.blobs, after.blobs),
  };
}

interface Side {
  readonly bundle: OpenedBundle;
  readonly images: ReadonlyMap<string, { readonly image: BundledImage; readonly blobs: readonly Descriptor[] }>;
  /** Of images and programs, by digest. */
  readonly blobs: ReadonlyMap<string, number>;
}

async function readSide(bundle: OpenedBundle): Promise<Side> {
  const images = new Map<string, { readonly image: BundledImage; readonly blobs: readonly Descriptor[] }>();
  const blobs = new Map<string, number>();
  for (const image of bundle.complete.images) {
    const found = await collectImageBlobs(bundle, image);
    for (const { digest, size } of found.blobs) blobs.set(digest, size);
    // An image that the values name has the name of the one it stands for; two may have it.
    images.set(images.has(image.name) ? image.reference : image.name, { image, blobs: found.blobs });
  }
  for (const { descriptor } of bundle.complete.artifacts) blobs.set(descriptor.digest, descriptor.size);
  return { bundle, images, blobs };
}

function namesOf(from: ReadonlyMap<string, unknown>, to: ReadonlyMap<string, unknown>): readonly string[] {
  return [...new Set([...from.keys(), ...to.keys()])].toSorted(compareText);
}

async function compareImage(name: string, from: Side, to: Side): Promise<ImageChange> {
  const [before, after] = [from.images.get(name), to.images.get(name)];
  const [old, fresh] = [before?.image.root.digest, after?.image.root.digest];
  const change = changeOf(old, fresh);
  const packages =
    change === "unchanged"
      ? []
      : comparePackages(await packagesOf(from.bundle, before?.image), await packagesOf(to.bundle, after?.image));
  return {
    name,
    change,
    ...(before !== undefined && { from: describeImage(before) }),
    ...(after !== undefined && { to: describeImage(after) }),
    layers: compareLayers(before?.blobs ?? [], after?.blobs ?? []),
    ...(packages !== undefined && { packages }),
  };
}

function describeImage({ image, blobs }: { readonly image: BundledImage; readonly blobs: readonly Descriptor[] }) {
  const bytes = blobs.reduce((sum, { size }) => sum + size, 0);
  return { reference: image.reference, digest: image.root.digest, bytes };
}

function changeOf(from: string | undefined, to: string | undefined): Change {
  if (from === to) return "unchanged";
  if (from === undefined) return "added";
  return to === undefined ? "removed" : "changed";
}

function compareLayers(from: readonly Descriptor[], to: readonly Descriptor[]): ImageChange["layers"] {
  const [before, after] = [from.filter(isLayer), to.filter(isLayer)];
  const only = (these: readonly Descriptor[], those: readonly Descriptor[]): readonly LayerSize[] => {
    const known = new Set(those.map(({ digest }) => digest));
    return these.filter(({ digest }) => !known.has(digest)).map(({ digest, size }) => ({ digest, bytes: size }));
  };
  const added = only(after, before);
  return { added, removed: only(before, after), shared: after.length - added.length };
}

function isLayer({ mediaType }: Descriptor): boolean {
  return /[./]tar([.+]|$)/.test(mediaType);
}

/** Undefined for an image without a list; none for an image that is not there. */
async function packagesOf(
  bundle: OpenedBundle,
  image: BundledImage | undefined,
): Promise<readonly ListedPackage[] | undefined> {
  if (image === undefined) return [];
  if (image.sbom === undefined) return undefined;
  return readSpdxPackages((await bundle.readFile(image.sbom)).toString("utf8"), `${image.sbom} of ${bundle.file.path}`);
}

function comparePackages(
  from: readonly ListedPackage[] | undefined,
  to: readonly ListedPackage[] | undefined,
): readonly PackageChange[] | undefined {
  if (from === undefined || to === undefined) return undefined;
  const [before, after] = [versionsByPackage(from), versionsByPackage(to)];
  return namesOf(before, after).flatMap((key) => {
    const [old, fresh] = [before.get(key)?.versions, after.get(key)?.versions];
    const change = changeOf(old?.join(" "), fresh?.join(" "));
    if (change === "unchanged") return [];
    const { type = "", name = "" } = after.get(key) ?? before.get(key) ?? {};
    return [{ type, name, change, from: old ?? [], to: fresh ?? [] }];
  });
}

interface Versions {
  readonly type: string;
  readonly name: string;
  readonly versions: readonly string[];
}

function versionsByPackage(packages: readonly ListedPackage[]): ReadonlyMap<string, Versions> {
  const found = new Map<string, Versions>();
  for (const { type, name, version } of packages) {
    const key = `${type} ${name}`;
    const versions = [...new Set([...(found.get(key)?.versions ?? []), version])].toSorted(compareText);
    found.set(key, { type, name, versions });
  }
  return found;
}

function compareArtifacts(from: readonly BundledArtifact[], to: readonly BundledArtifact[]): readonly ArtifactChange[] {
  const keyed = (artifacts: readonly BundledArtifact[]): ReadonlyMap<string, BundledArtifact> =>
    new Map(artifacts.map((artifact) => [`${artifact.name} ${artifact.platform ?? ""}`, artifact]));
  const [before, after] = [keyed(from), keyed(to)];
  return namesOf(before, after).map((key) => {
    const [old, fresh] = [before.get(key), after.get(key)];
    const { name = "", platform } = fresh ?? old ?? {};
    return {
      name,
      ...(platform !== undefined && { platform }),
      change: changeOf(old?.descriptor.digest, fresh?.descriptor.digest),
      ...(old !== undefined && { from: describeArtifact(old) }),
      ...(fresh !== undefined && { to: describeArtifact(fresh) }),
    };
  });
}

function describeArtifact({ version, descriptor }: BundledArtifact) {
  return { version, digest: descriptor.digest, bytes: descriptor.size };
}

function compareBytes(from: ReadonlyMap<string, number>, to: ReadonlyMap<string, number>): BundleDifference["bytes"] {
  const sum = (sizes: readonly (readonly [string, number])[]): number => sizes.reduce((all, [, size]) => all + size, 0);
  return {
    added: sum([...to].filter(([digest]) => !from.has(digest))),
    removed: sum([...from].filter(([digest]) => !to.has(digest))),
    shared: sum([...to].filter(([digest]) => from.has(digest))),
  };
}
