import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { ToolboxError } from "../errors.ts";

/** How long a file of a copy is, and the hash of its content, in lowercase hex. */
export interface FileSum {
  readonly bytes: number;
  readonly sha256: string;
}

/** What reading a large file at once is called. */
export const readSize = 256 * 1024;

/** Writes a small file so that a reader, or a machine that loses power, sees the old or the new one and nothing between. */
export async function writeWhole(path: string, contents: string | Uint8Array): Promise<FileSum> {
  return receiveFile(path, [Buffer.from(contents)]);
}

/**
 * Writes what arrives into a file beside the wanted one, brings it to the disk, then gives it its name.
 * Whatever goes wrong before that leaves the wanted file as it was.
 */
export async function receiveFile(
  path: string,
  parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<FileSum> {
  const partial = partialOf(path);
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  try {
    const sum = await writeParts(partial, parts);
    await rename(partial, path);
    return sum;
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** Removes what an interrupted `receiveFile` has left beside the file. */
export async function removePartial(path: string): Promise<void> {
  await rm(partialOf(path), { force: true });
}

function partialOf(path: string): string {
  return `${path}.part`;
}

async function writeParts(path: string, parts: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<FileSum> {
  const hash = createHash("sha256");
  let bytes = 0;
  const file = await open(path, "w", 0o600);
  try {
    for await (const part of parts) {
      hash.update(part);
      bytes += part.length;
      await file.writeFile(part);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** Reads a whole file for its length and hash. */
export async function sumFile(path: string): Promise<FileSum> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const part of createReadStream(path, { highWaterMark: readSize })) {
    hash.update(part as Buffer);
    bytes += (part as Buffer).length;
  }
  return { bytes, sha256: hash.digest("hex") };
}

/** The length of a file, or undefined where there is none. */
export async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** What is wrong with a file of a copy, or undefined when it is what was written down. */
export async function damageOf(path: string, wanted: FileSum): Promise<string | undefined> {
  const bytes = await sizeOf(path);
  if (bytes === undefined) return "is missing";
  if (bytes !== wanted.bytes) return `has ${bytes} bytes instead of ${wanted.bytes}`;
  const { sha256 } = await sumFile(path);
  return sha256 === wanted.sha256 ? undefined : "has another content than was written";
}

/** What stands in a small file, or undefined where there is none. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** A small JSON file, or undefined where there is none or it does not parse. */
export async function readJson(path: string): Promise<unknown> {
  const text = await readIfThere(path);
  try {
    return text === undefined ? undefined : (JSON.parse(text) as unknown);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

/** JSON that people can read and that is the same for the same content. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

const namedAtMost = 10;

/**
 * Ends a restore whose copy is not what was written, before it has changed anything.
 * @throws ToolboxError that names the first few files, unless there is nothing wrong
 */
export function refuseDamage(what: string, damages: readonly string[]): void {
  if (damages.length === 0) return;
  const named = damages.slice(0, namedAtMost).join("; ");
  const more = damages.length > namedAtMost ? `; and ${damages.length - namedAtMost} more` : "";
  throw new ToolboxError(`the copy of ${what} is damaged, nothing was changed: ${named}${more}`, {
    advice: "restore another backup, or fetch this one again from its repository",
  });
}

/** The copy in this folder was never finished, or there is none. */
export function unfinishedCopy(what: string, index: string): ToolboxError {
  return new ToolboxError(
    `there is no finished copy of ${what} here: ${index} is missing or cannot be read; nothing was changed`,
    {
      advice: "restore another backup, or fetch this one again from its repository",
    },
  );
}
