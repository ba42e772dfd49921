import { hexOf } from "../oci/digest.ts";
import { comparePaths } from "./bundle-layout.ts";

export interface Checksum {
  readonly path: string;
  readonly digest: string;
}

/** `checksums.txt`: what `sha256sum -c` reads, sorted by path. */
export function formatChecksums(checksums: readonly Checksum[]): string {
  return checksums
    .toSorted((a, b) => comparePaths(a.path, b.path))
    .map(({ path, digest }) => `${hexOf(digest)}  ${path}\n`)
    .join("");
}
