import type { ActionPorts } from "../../src/actions/context.ts";
import type { InstallerEvent } from "../../src/events/event.ts";
import { createBulkFiles } from "../../src/platform/bulk-files.ts";
import { createFileSystem } from "../../src/platform/file-system.ts";
import { createLocks } from "../../src/platform/flock.ts";
import { createHashing } from "../../src/platform/hashing.ts";
import { createHashingThreads } from "../../src/platform/hashing-threads.ts";
import { createHost } from "../../src/platform/host.ts";
import { createSeededRandom, createStillClock } from "./memory-ports.ts";

/** The ports that actions about bundles work with: real files, and everything else without effect. */
export function createBundlePorts(environment: Readonly<Record<string, string>> = {}): {
  readonly ports: ActionPorts;
  readonly events: InstallerEvent[];
} {
  const events: InstallerEvent[] = [];
  const ports: Partial<ActionPorts> = {
    fs: createFileSystem(),
    bulkFiles: createBulkFiles(),
    hashing: createHashing(createHashingThreads(2)),
    locks: createLocks(),
    process: { pid: process.pid, owner: "anna@laptop", command: "slipway" },
    clock: createStillClock(),
    random: createSeededRandom("bundle ports"),
    host: { ...createHost(), isRoot: () => false },
    environment,
    report: (event: InstallerEvent) => void events.push(event),
    signal: new AbortController().signal,
  };
  return { ports: ports as ActionPorts, events };
}
