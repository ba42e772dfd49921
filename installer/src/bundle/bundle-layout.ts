import { compareText } from "../language/compare-text.ts";
import { bundlePaths } from "./bundle-manifest.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "./tar/tar-header.ts";

/** A file that is to stand in a bundle. */
export interface LayoutFile {
  readonly path: string;
  readonly size: number;
}

/** Where a file stands in the bundle. */
export interface LaidEntry extends LayoutFile {
  /** The blocks before the data. */
  readonly header: Buffer;
  readonly headerOffset: number;
  /** Of the data. */
  readonly offset: number;
}

export interface BundleLayout {
  readonly entries: readonly LaidEntry[];
  /** Bytes of the whole bundle. */
  readonly size: number;
}

/** What comes before `files/…` and `blobs/…`, in this order. */
const leading: readonly string[] = [
  bundlePaths.manifest,
  bundlePaths.signature,
  bundlePaths.checksums,
  bundlePaths.fullManifest,
  bundlePaths.fullSignature,
  bundlePaths.fullChecksums,
  bundlePaths.ociLayout,
  bundlePaths.index,
  bundlePaths.dockerManifest,
  bundlePaths.installScript,
];

/** Computes where every byte of a bundle goes. The same files, in any order, give the same layout. */
export function layOutBundle(files: readonly LayoutFile[]): BundleLayout {
  let position = 0;
  const entries = files.toSorted(byPlace).map(({ path, size }) => {
    const header = formatTarHeader({ name: path, size, mode: modeOf(path) });
    const headerOffset = position;
    const offset = headerOffset + header.length;
    position = offset + size + tarPadding(size);
    return { path, size, header, headerOffset, offset };
  });
  return { entries, size: position + formatTarEnd().length };
}

/** Where the blob with this digest stands in a bundle. */
export function blobPath(digest: string): string {
  return `${bundlePaths.blobs}${digest.slice("sha256:".length)}`;
}

function modeOf(path: string): number {
  return path === bundlePaths.installScript ? 0o755 : 0o644;
}

function byPlace(a: LayoutFile, b: LayoutFile): number {
  return rank(a.path) - rank(b.path) || compareText(a.path, b.path);
}

function rank(path: string): number {
  const place = leading.indexOf(path);
  if (place >= 0) return place;
  return path.startsWith(bundlePaths.blobs) ? leading.length + 1 : leading.length;
}
