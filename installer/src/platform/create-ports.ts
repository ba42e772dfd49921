import { randomBytes, randomUUID } from "node:crypto";
import { basename } from "node:path";
import { createBulkFiles } from "./bulk-files.ts";
import { createClock } from "./clock.ts";
import type { Http, HttpSettings } from "./content-ports.ts";
import type { BulkFiles, Hashing } from "./content-ports.ts";
import { createDockerEngine } from "./docker-engine.ts";
import { createExec } from "./exec.ts";
import { createFailpoint } from "./failpoint.ts";
import { createFileSystem } from "./file-system.ts";
import { createLocks } from "./flock.ts";
import { createHashing } from "./hashing.ts";
import { createHost } from "./host.ts";
import { createHttp } from "./http-client.ts";
import type { Clock, Docker, Exec, Failpoint, FileSystem, Host, Locks, ProcessInfo, Random } from "./ports.ts";

export interface PlatformPorts {
  readonly docker: Docker;
  readonly exec: Exec;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly host: Host;
  readonly locks: Locks;
  readonly random: Random;
  readonly process: ProcessInfo;
  readonly failpoint: Failpoint;
  readonly bulkFiles: BulkFiles;
  readonly hashing: Hashing;
}

/** The adapters of the real world; `cli/` calls it once and adds `report` and `signal`. */
export function createPlatformPorts(env: Readonly<Record<string, string | undefined>>): PlatformPorts {
  const exec = createExec(env);
  return {
    docker: createDockerEngine(env, exec),
    exec,
    fs: createFileSystem(),
    clock: createClock(),
    host: createHost(),
    locks: createLocks(),
    random: { bytes: (count) => randomBytes(count), uuid: () => randomUUID() },
    process: { pid: process.pid, command: describeCommand(process.argv) },
    failpoint: createFailpoint(env),
    http: createHttp,
    bulkFiles: createBulkFiles(),
    hashing: createHashing(),
  };
}

/** The command as a person would recognise it; what follows `--set` may be a password and is left out. */
function describeCommand(argv: readonly string[]): string {
  const words = argv.slice(2).map((word, index, all) => {
    if (all[index - 1] === "--set") return `${word.split("=")[0] ?? ""}=…`;
    return word.startsWith("--set=") ? `--set=${word.slice(6).split("=")[0] ?? ""}=…` : word;
  });
  return [basename(argv[1] ?? "slipway").replace(/^main\.[a-z]+$/, "slipway"), ...words].join(" ");
}
