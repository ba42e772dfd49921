import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new folder on a memory file system where there is one, so that no disk decides; else among temporary files. */
export function makeMemoryFolder(): Promise<string> {
  return mkdtemp("/dev/shm/slipway-bench-").catch(() => mkdtemp(join(tmpdir(), "slipway-bench-")));
}
