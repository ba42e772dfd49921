import { basename, dirname, join } from "node:path";
import { Readable } from "node:stream";
import { BundleError, PreflightError } from "../errors/installer-error.ts";
import type { BulkFiles, FileRange, OpenedFile } from "../platform/content-ports.ts";
import { headerNameOfPart, parseSplitHeader, type SplitHeader, type SplitPart, splitSuffix } from "./split-header.ts";

/** A whole bundle as one file, whether it is one or lies in parts. */
export interface BundleFile extends OpenedFile {
  /** Where bytes of the bundle lie on disk, in order. */
  ranges(start: number, end: number): readonly FileRange[];
  /** Absent when the bundle is one file. */
  readonly split?: SplitBundle;
}

export interface SplitBundle {
  readonly header: SplitHeader;
  readonly headerPath: string;
  /** Exactly as it stands in the file. */
  readonly headerBytes: Buffer;
  /** Text of the header's signature; absent without one. */
  readonly signature?: string;
  /** Where each part lies, in the order of the header. */
  readonly paths: readonly string[];
}

const headerLimit = 1024 * 1024;

/**
 * Opens a bundle: the file, the header of a split one, or any of its parts.
 * @throws BundleError naming each part that is missing or of another length; PreflightError when there is no such file
 */
export async function openBundleFile(
  path: string,
  partFolders: readonly string[],
  files: BulkFiles,
): Promise<BundleFile> {
  if (path.endsWith(splitSuffix)) return openParts(path, partFolders, files);
  const headerName = headerNameOfPart(basename(path));
  if (headerName !== undefined) {
    const header = await findHeader(path, { name: headerName, folders: [dirname(path), ...partFolders] }, files);
    return openParts(header, [...partFolders, dirname(path)], files);
  }
  const file = await files.open(path);
  if (file === undefined) throw noSuchBundle(path);
  return {
    ...file,
    read: (start, length) => file.read(start, length),
    ranges: (start, end) => [{ path, start, end }],
  };
}

/** There is no file of this name. */
export function noSuchBundle(path: string): PreflightError {
  return new PreflightError(`${path} does not exist`, { hint: "name a bundle, or the .split.json of a split one" });
}

/** A part may be named that lies elsewhere; where its header is decides. */
export function isPartName(path: string): boolean {
  return headerNameOfPart(basename(path)) !== undefined;
}

async function findHeader(
  part: string,
  wanted: { readonly name: string; readonly folders: readonly string[] },
  files: BulkFiles,
): Promise<string> {
  for (const folder of wanted.folders) {
    const file = await files.open(join(folder, wanted.name));
    await file?.close();
    if (file !== undefined) return file.path;
  }
  throw new BundleError(`${part} is a part of a bundle, and its header ${wanted.name} is not there`, {
    hint: "name the folder of the header with --parts, or get it again: it says what the parts are",
  });
}

/**
 * Reads the header of a split bundle and its signature.
 * @throws BundleError when it is not one; PreflightError when there is no such file
 */
export async function readSplitHeader(
  path: string,
  files: BulkFiles,
): Promise<Pick<SplitBundle, "header" | "headerBytes" | "signature">> {
  const headerBytes = await readSmall(path, files);
  if (headerBytes === undefined) throw new PreflightError(`${path} does not exist`, { hint: "correct the path" });
  const header = parseSplitHeader(headerBytes.toString("utf8"), path);
  const signature = await readSmall(`${path}.minisig`, files);
  return { header, headerBytes, ...(signature === undefined ? {} : { signature: signature.toString("utf8") }) };
}

async function readSmall(path: string, files: BulkFiles): Promise<Buffer | undefined> {
  const file = await files.open(path);
  if (file === undefined) return undefined;
  try {
    if (file.size > headerLimit) throw new BundleError(`${path} is ${file.size} bytes, too long for what it should be`);
    return await file.read(0, file.size);
  } finally {
    await file.close();
  }
}

/** A part looked for: where it is and how long it is there, or neither. */
export interface FoundPart {
  readonly part: SplitPart;
  readonly path?: string;
  readonly size?: number;
}

/** Looks for parts in the folders, in order; one of the right length is preferred. */
export async function findParts(
  parts: readonly SplitPart[],
  folders: readonly string[],
  files: BulkFiles,
): Promise<readonly FoundPart[]> {
  const found: FoundPart[] = [];
  for (const part of parts) {
    let best: FoundPart = { part };
    for (const folder of [...new Set(folders)]) {
      const file = await files.open(join(folder, part.file));
      if (file === undefined) continue;
      await file.close();
      if (best.size !== part.size && (best.path === undefined || file.size === part.size)) {
        best = { part, path: file.path, size: file.size };
      }
    }
    found.push(best);
  }
  return found;
}

async function openParts(path: string, partFolders: readonly string[], files: BulkFiles): Promise<BundleFile> {
  const read = await readSplitHeader(path, files);
  const { header } = read;
  // Folders that were named come first: parts that were rebuilt lie there, and the damaged ones beside the header.
  const folders = [...partFolders, dirname(path)];
  const found = await findParts(header.parts, folders, files);
  const problems = found.flatMap(problemOf);
  if (problems.length > 0) {
    throw new BundleError(`${header.name} cannot be read: ${problems.join("; ")}`, {
      hint: partsHint(header, folders),
    });
  }
  const opened: OpenedFile[] = [];
  try {
    for (const { part, path: at } of found) {
      const file = at === undefined ? undefined : await files.open(at);
      // Without this the bytes of all parts behind it would be taken from the wrong places.
      if (file?.size !== part.size) throw new BundleError(`${part.file} was changed or removed while it was opened`);
      opened.push(file);
    }
  } catch (error) {
    await Promise.all(opened.map((file) => file.close()));
    throw error;
  }
  const split = { ...read, headerPath: path, paths: opened.map((file) => file.path) };
  return joined(opened, split);
}

function problemOf({ part, path, size }: FoundPart): readonly string[] {
  if (path === undefined) return [`${part.file} is missing`];
  if (size === part.size) return [];
  const what = (size ?? 0) < part.size ? "is truncated" : "is too long";
  return [`${path} ${what}: ${size ?? 0} bytes of ${part.size}`];
}

function partsHint(header: SplitHeader, folders: readonly string[]): string {
  const repair =
    header.parity === undefined ? "" : `, or rebuild up to ${header.parity.count} with slipway bundle repair`;
  return `looked in ${[...new Set(folders)].join(", ")}; name further folders with --parts${repair}`;
}

function joined(parts: readonly OpenedFile[], split: SplitBundle): BundleFile {
  const { partSize, size } = split.header;
  const piecesOf = (start: number, end: number): readonly { file: OpenedFile; start: number; end: number }[] => {
    const limit = Math.min(end, size);
    return parts.flatMap((file, index) => {
      const begin = index * partSize;
      const from = Math.max(start, begin);
      const to = Math.min(limit, begin + file.size);
      return from < to ? [{ file, start: from - begin, end: to - begin }] : [];
    });
  };
  return {
    path: split.headerPath,
    size,
    split,
    read: async (start, length) => {
      const pieces = piecesOf(start, start + length);
      const read = await Promise.all(pieces.map((piece) => piece.file.read(piece.start, piece.end - piece.start)));
      return read.length === 1 && read[0] !== undefined ? read[0] : Buffer.concat(read);
    },
    stream: (start, end) => streamOf(piecesOf(start, end)),
    ranges: (start, end) =>
      piecesOf(start, end).map((piece) => ({ path: piece.file.path, start: piece.start, end: piece.end })),
    close: async () => {
      await Promise.all(parts.map((file) => file.close()));
    },
  };
}

function streamOf(pieces: readonly { file: OpenedFile; start: number; end: number }[]): Readable {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only.file.stream(only.start, only.end);
  async function* chunks(): AsyncGenerator<Buffer> {
    for (const { file, start, end } of pieces) yield* file.stream(start, end) as AsyncIterable<Buffer>;
  }
  return Readable.from(chunks(), { objectMode: false, highWaterMark: 1024 * 1024 });
}
