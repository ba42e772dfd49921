import { randomBytes } from "node:crypto";
import * as callbacks from "node:fs";
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { ApplyError } from "../errors/installer-error.ts";
import type { FileSystem } from "./ports.ts";

// Not those of node:fs/promises, which take as long to load as many commands to run.
const appendFile = promisify(callbacks.appendFile);
const mkdtemp = promisify(callbacks.mkdtemp);
const lstat = promisify(callbacks.lstat);
const readdir = promisify(callbacks.readdir);
const readFile = promisify(callbacks.readFile);
const rename = promisify(callbacks.rename);
const rm = promisify(callbacks.rm);
const statfs = promisify(callbacks.statfs);
const unlink = promisify(callbacks.unlink);

/** Files of the machine, written so that a crash leaves the old or the new contents and nothing between. */
export function createFileSystem(): FileSystem {
  return {
    readText,
    readTextIfPresent: (path) => ifPresent(() => readText(path)),
    readBytes: (path) => readFile(path),
    writeAtomic: (path, contents, options) =>
      explained(path, async () => {
        if (options?.flush === false) writeUnflushed(path, contents, options.mode);
        else await writeAtomic(path, contents, options);
      }),
    appendDurable: (path, line) => explained(path, () => appendDurable(path, line)),
    append: (path, text) => explained(path, () => appendFile(path, text, { mode: 0o600 })),
    makeDirectory: (path, mode) =>
      explained(path, () =>
        Promise.resolve().then(() => {
          makeFolders(path, mode);
          chmodSync(path, mode);
        }),
      ),
    makeTemporary: () => explained(tmpdir(), () => mkdtemp(join(tmpdir(), "slipway-"))),
    foreignWritable,
    list: async (path) => ((await ifPresent(() => readdir(path))) ?? []).sort(),
    exists: async (path) => (await ifPresent(() => lstat(path))) !== undefined,
    setOwner,
    stat: async (path) => {
      const found = await ifPresent(() => lstat(path));
      if (found === undefined) return undefined;
      const directory = found.isDirectory();
      const special = !directory && !found.isFile();
      const { uid, size, mtimeMs: modifiedMs } = found;
      return { mode: found.mode & 0o7777, uid, size, directory, modifiedMs, ...(special && { special }) };
    },
    remove: (path) => rm(path, { recursive: true, force: true }),
    freeBytes,
    diskBytes,
  };
}

/** Of a directory Node does not say which it is. */
async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw error instanceof Error && !("path" in error) ? Object.assign(error, { path }) : error;
  }
}

/** What a person can do something about when a file cannot be written. */
const causes: Readonly<Record<string, { readonly why: string; readonly hint: string }>> = {
  ENOSPC: { why: "the disk is full", hint: "make room, then run the same command again; it goes on from here" },
  EDQUOT: { why: "the quota of this user is used up", hint: "make room, then run the same command again" },
  EROFS: { why: "the file system is read-only", hint: "mount it writable, or choose another --state-dir" },
  EACCES: { why: "permission denied", hint: "run as the user that installed, or as root" },
  EPERM: { why: "not permitted", hint: "run as the user that installed, or as root" },
  ENOTDIR: { why: "a part of the path is not a directory", hint: "correct the path" },
};

async function explained<T>(path: string, write: () => Promise<T>): Promise<T> {
  try {
    return await write();
  } catch (error) {
    const cause = causes[(error as NodeJS.ErrnoException).code ?? ""];
    if (cause === undefined) throw error;
    throw new ApplyError(`${path} cannot be written: ${cause.why}`, { hint: cause.hint, cause: error });
  }
}

/**
 * Node's own recursive `mkdir` never returns where nothing can be made, for example below `/proc`. At once: to hand each call to
 * a thread would take ten times as long as to make it.
 */
function makeFolders(path: string, mode: number): void {
  const parent = dirname(path);
  if (parent !== path && statSync(parent, { throwIfNoEntry: false }) === undefined) makeFolders(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    const isThere = (error as NodeJS.ErrnoException).code === "EEXIST";
    if (!isThere || statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) throw error;
  }
}

async function ifPresent<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

const newFile = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

function temporaryNameOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
}

async function writeAtomic(
  path: string,
  contents: string | Uint8Array,
  options: { readonly mode?: number; readonly owner?: number } = {},
): Promise<void> {
  const { mode = 0o600, owner } = options;
  const temporary = temporaryNameOf(path);
  const file = await open(temporary, newFile, 0o600);
  try {
    await file.writeFile(contents);
    if (owner !== undefined) await file.chown(owner, owner);
    await file.chmod(mode);
    await file.sync();
  } catch (error) {
    await file.close();
    await unlink(temporary);
    throw error;
  }
  await file.close();
  try {
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary);
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** At once: without the disk to wait for, to hand each call to a thread would take longer than to make it. */
function writeUnflushed(path: string, contents: string | Uint8Array, mode = 0o600): void {
  const temporary = temporaryNameOf(path);
  const file = openSync(temporary, newFile, 0o600);
  try {
    try {
      writeFileSync(file, contents);
      fchmodSync(file, mode);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch (error) {
    unlinkSync(temporary);
    throw error;
  }
}

async function appendDurable(path: string, line: string): Promise<void> {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NOFOLLOW;
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(line);
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function setOwner(path: string, owner: number, mode: number): Promise<void> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    await file.chown(owner, owner);
    await file.chmod(mode);
  } finally {
    await file.close();
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** A directory others may write to is safe only when it is sticky, as /tmp is. */
async function foreignWritable(path: string): Promise<string | undefined> {
  const me = process.getuid?.() ?? 0;
  for (let current = path; ; current = dirname(current)) {
    const found = await ifPresent(() => lstat(current));
    if (found !== undefined) {
      const sticky = (found.mode & 0o1000) !== 0 && current !== path;
      if (found.isSymbolicLink() && current === path) return current;
      const stranger = found.uid !== 0 && found.uid !== me;
      if (stranger || (!found.isSymbolicLink() && (found.mode & 0o022) !== 0 && !sticky)) return current;
    }
    if (current === dirname(current)) return undefined;
  }
}

/** Bytes free where this path is or would be. */
export async function freeBytes(path: string): Promise<number> {
  const { bavail, bsize } = await diskOf(path);
  return bavail * bsize;
}

async function diskBytes(path: string): Promise<number> {
  const { blocks, bsize } = await diskOf(path);
  return blocks * bsize;
}

async function diskOf(path: string): Promise<callbacks.StatsFs> {
  for (let current = path; ; current = dirname(current)) {
    const found = await ifPresent(() => statfs(current));
    if (found !== undefined) return found;
  }
}
