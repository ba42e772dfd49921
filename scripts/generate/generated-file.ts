/** A file that is made from others; `path` is relative to the repository's root. */
export interface GeneratedFile {
  readonly path: string;
  readonly contents: string;
}

/** Folders in which every file is generated: one that is not made any more is removed. */
export const generatedFolders = ["compose/reference", "docs/json"] as const;

/** Reads a file by its path from the repository's root. */
export type ReadText = (path: string) => Promise<string>;

/** Makes generated files from sources; the same sources give the same bytes. */
export type Generator = (readText: ReadText) => Promise<readonly GeneratedFile[]>;
