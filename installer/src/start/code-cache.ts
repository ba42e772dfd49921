import {
  closeSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import type { Script } from "node:vm";
import { withUsualFlags } from "../platform/keep-memory-small.ts";

export interface ScriptSource {
  /** For stack traces. */
  readonly filename: string;
  readonly text: string;
}

/**
 * Compiles a script with the code that an earlier run left in a file, or leaves its own there when the process ends: then
 * every function that ran is compiled, and only those. Node's own cache is written when a script is loaded, and holds nearly
 * none of its functions. Where the file cannot be read or written, everything works without it.
 */
export function compileWithCache(source: ScriptSource, path: string): Script {
  const { Script } = process.getBuiltinModule("node:vm");
  const cachedData = readOwn(path);
  const { filename, text } = source;
  const options = cachedData === undefined ? { filename } : { filename, cachedData };
  const script = withUsualFlags(() => new Script(text, options));
  if (cachedData === undefined || script.cachedDataRejected === true) {
    process.once("exit", () =>
      write(
        path,
        withUsualFlags(() => script.createCachedData()),
      ),
    );
  }
  return script;
}

/** Code that another user wrote is not run, even where they were allowed to write. */
function readOwn(path: string): Buffer | undefined {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    return fstatSync(file).uid === process.getuid?.() ? readFileSync(file) : undefined;
  } catch {
    return undefined;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

/** Whole or not at all, after a power cut, too: V8 believes what it reads there. */
function write(path: string, data: Buffer): void {
  const temporary = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(file, data);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
  } catch {
    // Nothing is lost but time.
    removeQuietly(temporary);
  }
}

function removeQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It was never made.
  }
}
