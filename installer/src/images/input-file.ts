import { createHash } from "node:crypto";
import { readFile, stat } from "node:fs/promises";

/** One file that goes into an image. */
export interface InputFile {
  readonly path: string;
  readonly executable: boolean;
  readonly sha256: string;
}

/** Hashes one file. Only whether it is executable counts: a checkout under another umask is the same source. */
export async function readInputFile(path: string, name: string): Promise<InputFile> {
  const [contents, status] = await Promise.all([readFile(path), stat(path)]);
  return { path: name, executable: (status.mode & 0o111) !== 0, sha256: sha256(contents) };
}

export function sha256(contents: string | Uint8Array): string {
  return createHash("sha256").update(contents).digest("hex");
}
