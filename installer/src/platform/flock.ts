import { spawnSync } from "node:child_process";
import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from "node:fs";
import { InternalError, PreflightError } from "../errors/installer-error.ts";
import type { LockAttempt, LockHolder, Locks, NameHolder } from "./ports.ts";

const conflict = 75;

/** Locks by flock(2): the kernel frees them when the process ends, however it ends. */
export function createLocks(): Locks {
  return {
    // Synchronous inside: the lock belongs to the open file description that the flock program inherits for a moment.
    tryAcquire: (path, holder) => Promise.resolve().then(() => tryAcquire(path, holder)),
  };
}

function tryAcquire(path: string, holder: LockHolder | NameHolder): LockAttempt {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
    const outcome = flock(fd);
    if (outcome === "busy") {
      closeSync(fd);
      return { held: false, holder: readHolder(path) };
    }
    if (isCurrent(fd, path)) {
      const previous = readHolder(path);
      ftruncateSync(fd, 0);
      writeSync(fd, `${JSON.stringify(typeof holder === "function" ? holder(previous) : holder)}\n`, 0);
      fsyncSync(fd);
      return {
        held: true,
        previous,
        release: () => {
          closeSync(fd);
          return Promise.resolve();
        },
      };
    }
    // An uninstall removed the file between open and lock; the lock on it protects nothing.
    closeSync(fd);
  }
  throw new InternalError(`the lock file ${path} keeps being replaced`);
}

function flock(fd: number): "locked" | "busy" {
  const result = spawnSync("flock", ["--nonblock", "--conflict-exit-code", String(conflict), "3"], {
    stdio: ["ignore", "ignore", "pipe", fd],
  });
  if (result.status === 0) return "locked";
  if (result.status === conflict) return "busy";
  // A program that could not be started wrote nothing, and its output is not even empty.
  const said = result.error === undefined ? result.stderr.toString().trim() : "";
  throw new PreflightError("the program flock cannot be used", {
    hint: "install util-linux",
    cause: result.error,
    details: said === "" ? [] : [said],
  });
}

function isCurrent(fd: number, path: string): boolean {
  const held = fstatSync(fd);
  const named = statSync(path, { throwIfNoEntry: false });
  return named?.ino === held.ino && named.dev === held.dev;
}

function readHolder(path: string): LockHolder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as LockHolder;
  } catch {
    // The holder is about to write its name, or there was none yet.
    return undefined;
  }
}
