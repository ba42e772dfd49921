/** What a file in Git stands for: the content with this SHA-256, which is stored elsewhere. */
export interface LfsPointer {
  /** Lowercase hex. */
  readonly oid: string;
  readonly size: number;
}

/** Pointer files are shorter than this: https://github.com/git-lfs/git-lfs/blob/v3.6.1/docs/spec.md */
export const pointerSizeLimit = 1024;
/** The three lines that every pointer has, with a size of one digit and without the last line end. */
export const pointerSizeLeast = 125;

// An extension's line stands between version and oid, since the keys after the version are sorted.
const pattern =
  /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:ext-\d-[^ \n]+ sha256:[0-9a-f]{64}\n)*oid sha256:(?<oid>[0-9a-f]{64})\nsize (?<size>\d{1,15})\n?$/;

/** The pointer that a file is; undefined for every other file, also for one that only quotes a pointer. */
export function parseLfsPointer(content: Buffer): LfsPointer | undefined {
  if (content.length >= pointerSizeLimit) return undefined;
  const { oid, size } = pattern.exec(content.toString("latin1"))?.groups ?? {};
  return oid === undefined || size === undefined ? undefined : { oid, size: Number(size) };
}
