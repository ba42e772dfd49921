import { constants } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { Readable } from "node:stream";
import { ApplyError, PreflightError } from "../errors/installer-error.ts";
import type { BulkFiles, OpenedFile, WritableFile } from "./content-ports.ts";
import { freeBytes } from "./file-system.ts";
import { giveAway } from "./spent-buffers.ts";

/** Bytes handed on at a time by `stream`. */
const chunkSize = 1024 * 1024;

/** Large files of the machine, read and written at any offset by many at a time. */
export function createBulkFiles(): BulkFiles {
  return {
    open: openForReading,
    create: (path, options) => explained(path, "written", () => create(path, options)),
    rename: (from, to) => explained(to, "written", () => renameDurably(from, to)),
  };
}

async function openForReading(path: string): Promise<OpenedFile | undefined> {
  let handle: FileHandle;
  try {
    // Without O_NONBLOCK a named pipe would wait for its other end for ever.
    handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(codeOf(error))) return undefined;
    throw explain(path, "read", error);
  }
  const found = await handle.stat();
  if (!found.isFile()) {
    await handle.close();
    throw new PreflightError(`${path} is not a file`, { hint: "name a file, not a directory or a device" });
  }
  return {
    path,
    size: found.size,
    read: (start, length) => explained(path, "read", () => readFully(handle, start, length)),
    stream: (start, end) => streamOf(handle, path, start, end),
    close: () => handle.close(),
  };
}

async function readFully(handle: FileHandle, start: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(bytes, filled, length - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Each chunk is read once, into a buffer that is handed on as it is. */
function streamOf(handle: FileHandle, path: string, start: number, end: number): Readable {
  let position = start;
  return new Readable({
    highWaterMark: chunkSize,
    read() {
      if (position >= end) {
        this.push(null);
        return;
      }
      const length = Math.min(chunkSize, end - position);
      handle.read(Buffer.allocUnsafeSlow(length), 0, length, position).then(
        ({ bytesRead, buffer }) => {
          position = bytesRead === 0 ? end : position + bytesRead;
          this.push(bytesRead === 0 ? null : giveAway(buffer.subarray(0, bytesRead)));
        },
        (error: unknown) => this.destroy(explain(path, "read", error)),
      );
    },
  });
}

async function create(
  path: string,
  options: { readonly keep?: boolean; readonly mode?: number } = {},
): Promise<WritableFile> {
  const { keep = false, mode = 0o644 } = options;
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const handle = await open(path, keep ? flags : flags | constants.O_TRUNC, mode);
  const found = await handle.stat();
  if (!found.isFile()) {
    await handle.close();
    throw new PreflightError(`${path} is not a file`, { hint: "name a file, not a directory or a device" });
  }
  // The umask does not have a say: a secret key is 0600 and a bundle can be read by all.
  if (!keep || found.size === 0) await handle.chmod(mode);
  return {
    path,
    write: (position, bytes) => explained(path, "written", () => writeFully(handle, position, bytes)),
    reserve: (size) => explained(path, "written", () => reserve(handle, path, size)),
    sync: () => explained(path, "written", () => handle.sync()),
    close: () => handle.close(),
  };
}

async function writeFully(handle: FileHandle, position: number, bytes: Uint8Array): Promise<void> {
  let written = 0;
  while (written < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

async function reserve(handle: FileHandle, path: string, size: number): Promise<void> {
  const { blocks } = await handle.stat();
  const missing = size - blocks * 512;
  const free = await freeBytes(dirname(path));
  if (missing > free) {
    throw new PreflightError(`${path} needs ${missing} bytes more, and ${free} are free there`, {
      hint: `make room for ${missing - free} bytes, or choose another place`,
    });
  }
  await handle.truncate(size);
}

async function renameDurably(from: string, to: string): Promise<void> {
  const file = await open(from, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(from, to);
  const directory = await open(dirname(to), constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

type Doing = "read" | "written";

const causes: Readonly<Record<string, { readonly why: string; readonly hint: string }>> = {
  ENOSPC: { why: "the disk is full", hint: "make room, then run the same command again" },
  EDQUOT: { why: "the quota of this user is used up", hint: "make room, then run the same command again" },
  EFBIG: { why: "the file system takes no file this large", hint: "write parts with --split, or choose another place" },
  EIO: { why: "the disk or medium reports an error", hint: "copy it again from where it came, or use another medium" },
  EROFS: { why: "the file system is read-only", hint: "choose another place" },
  EACCES: { why: "permission denied", hint: "run as a user that may, or as root" },
  EPERM: { why: "not permitted", hint: "run as a user that may, or as root" },
  ELOOP: { why: "it is a symbolic link", hint: "name the file itself" },
  EISDIR: { why: "it is a directory", hint: "name a file" },
  ENOENT: { why: "its directory does not exist", hint: "make the directory, or correct the path" },
  ENOTDIR: { why: "a part of the path is not a directory", hint: "correct the path" },
};

/** What must be put right before anything is begun. */
const beforehand: readonly string[] = ["EROFS", "EACCES", "EPERM", "ELOOP", "EISDIR", "ENOENT", "ENOTDIR"];

async function explained<T>(path: string, doing: Doing, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(path, doing, error);
  }
}

function explain(path: string, doing: Doing, error: unknown): Error {
  const code = codeOf(error);
  const cause = causes[code];
  if (cause === undefined) return error as Error;
  const message = `${path} cannot be ${doing}: ${cause.why}`;
  const options = { hint: cause.hint, cause: error };
  return beforehand.includes(code) ? new PreflightError(message, options) : new ApplyError(message, options);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? "";
}
