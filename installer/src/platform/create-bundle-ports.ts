import { randomBytes, randomUUID } from "node:crypto";
import { createBulkFiles } from "./bulk-files.ts";
import { createClock } from "./clock.ts";
import type { PlatformPorts } from "./create-ports.ts";
import { createFileSystem } from "./file-system.ts";
import { createHashing } from "./hashing.ts";
import type { HashingThreads } from "./hashing-threads.ts";
import { createHost } from "./host.ts";

/** The adapters that commands about bundle files need; none of them loads the engine's client. */
export function createBundlePlatform(
  threads?: HashingThreads,
): Pick<PlatformPorts, "fs" | "bulkFiles" | "hashing" | "clock" | "random" | "host"> {
  return {
    fs: createFileSystem(),
    bulkFiles: createBulkFiles(),
    hashing: createHashing(threads),
    clock: createClock(),
    random: { bytes: (count) => randomBytes(count), uuid: () => randomUUID() },
    host: createHost(),
  };
}
