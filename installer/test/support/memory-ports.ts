import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Clock, FileSystem, Random } from "../../src/platform/ports.ts";

interface MemoryFile {
  contents: Uint8Array;
  mode: number;
  uid: number;
}

export interface MemoryFileSystem extends FileSystem {
  readonly files: Map<string, MemoryFile>;
  /** Writes done, in order: `write path`, `append path`, `remove path`. */
  readonly operations: string[];
}

/** A file system in memory with the guarantees of the real one. */
export function createMemoryFileSystem(initial: Readonly<Record<string, string>> = {}): MemoryFileSystem {
  const files = new Map<string, MemoryFile>();
  const folders = new Map<string, number>([["/", 0o755]]);
  let temporary = 0;
  const operations: string[] = [];
  const put = (path: string, contents: string | Uint8Array, mode: number, uid: number): void => {
    files.set(path, { contents: Buffer.from(contents), mode, uid });
    for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
      if (!folders.has(folder)) folders.set(folder, 0o755);
    }
  };
  const get = (path: string): MemoryFile => {
    const found = files.get(path);
    if (found === undefined) throw Object.assign(new Error(`ENOENT: ${path}`), { code: "ENOENT" });
    return found;
  };
  const text = (path: string): string => Buffer.from(get(path).contents).toString("utf8");
  for (const [path, contents] of Object.entries(initial)) put(path, contents, 0o600, 0);
  return {
    files,
    operations,
    readText: (path) => Promise.resolve().then(() => text(path)),
    readTextIfPresent: (path) => Promise.resolve(files.has(path) ? text(path) : undefined),
    readBytes: (path) => Promise.resolve().then(() => get(path).contents),
    writeAtomic: (path, contents, options = {}) => {
      operations.push(`write ${path}`);
      put(path, contents, options.mode ?? 0o600, options.owner ?? 0);
      return Promise.resolve();
    },
    appendDurable: (path, line) => {
      operations.push(`append ${path}`);
      put(path, (files.has(path) ? text(path) : "") + line, 0o600, 0);
      return Promise.resolve();
    },
    append: (path, line) => {
      put(path, (files.has(path) ? text(path) : "") + line, 0o600, 0);
      return Promise.resolve();
    },
    makeTemporary: () => {
      temporary += 1;
      folders.set(`/tmp/slipway-${temporary}`, 0o700);
      return Promise.resolve(`/tmp/slipway-${temporary}`);
    },
    makeDirectory: (path, mode) => Promise.resolve(void folders.set(path, mode)),
    foreignWritable: () => Promise.resolve(undefined),
    list: (path) => {
      const inside = [...files.keys(), ...folders.keys()].filter((name) => name.startsWith(`${path}/`));
      return Promise.resolve(
        [...new Set(inside.map((name) => name.slice(path.length + 1).split("/")[0] ?? ""))].sort(),
      );
    },
    exists: (path) => Promise.resolve(files.has(path) || folders.has(path)),
    setOwner: (path, uid, mode) => Promise.resolve(void Object.assign(get(path), { uid, mode })),
    stat: (path) => {
      const file = files.get(path);
      if (file !== undefined) {
        return Promise.resolve({ mode: file.mode, uid: file.uid, size: file.contents.length, directory: false });
      }
      const mode = folders.get(path);
      return Promise.resolve(mode === undefined ? undefined : { mode, uid: 0, size: 0, directory: true });
    },
    remove: (path) => {
      operations.push(`remove ${path}`);
      for (const name of files.keys()) if (name === path || name.startsWith(`${path}/`)) files.delete(name);
      for (const name of folders.keys()) if (name === path || name.startsWith(`${path}/`)) folders.delete(name);
      return Promise.resolve();
    },
    freeBytes: () => Promise.resolve(1e12),
    diskBytes: () => Promise.resolve(2e12),
  };
}

/** A clock that stands still until it is moved; sleeping moves it. */
export function createStillClock(start = "2026-01-01T00:00:00.000Z"): Clock & { advance(ms: number): void } {
  let elapsed = 0;
  return {
    now: () => new Date(Date.parse(start) + elapsed),
    monotonicMs: () => elapsed,
    sleep: (ms, signal) => {
      if (signal?.aborted === true) return Promise.reject(new Error("aborted"));
      elapsed += ms;
      return Promise.resolve();
    },
    advance: (ms) => {
      elapsed += ms;
    },
  };
}

/** Bytes that look random and are the same in every run. */
export function createSeededRandom(seed = "seed"): Random {
  let count = 0;
  const block = (): Buffer => createHash("sha256").update(`${seed} ${count++}`).digest();
  const bytes = (length: number): Uint8Array => {
    const blocks = Array.from({ length: Math.ceil(length / 32) }, block);
    return Buffer.concat(blocks).subarray(0, length);
  };
  return { bytes, uuid: () => Buffer.from(bytes(16)).toString("hex") };
}
