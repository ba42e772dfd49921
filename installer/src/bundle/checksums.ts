import { compareText } from "../language/compare-text.ts";
import { hexOf } from "../oci/digest.ts";

export interface Checksum {
  readonly path: string;
  readonly digest: string;
}

/** `checksums.txt`: what `sha256sum -c` reads, sorted by path. */
export function formatChecksums(checksums: readonly Checksum[]): string {
  return checksums
    .toSorted((a, b) => compareText(a.path, b.path))
    .map(({ path, digest }) => `${hexOf(digest)}  ${path}\n`)
    .join("");
}
