import { randomBytes, randomUUID } from "node:crypto";
import { hostname, userInfo } from "node:os";
import { basename } from "node:path";
import { createBulkFiles } from "./bulk-files.ts";
import { createClock } from "./clock.ts";
import type { Cluster, ClusterChoice } from "./cluster-ports.ts";
import type { BulkFiles, Hashing, Http, HttpSettings } from "./content-ports.ts";
import { createDockerEngine } from "./docker-engine.ts";
import { createExec } from "./exec.ts";
import { createFailpoint } from "./failpoint.ts";
import { createFileSystem } from "./file-system.ts";
import { createLocks } from "./flock.ts";
import { createHashing } from "./hashing.ts";
import { createHost } from "./host.ts";
import { createCluster } from "./kubernetes-cluster.ts";
import type { Clock, Docker, Exec, Failpoint, FileSystem, Host, Locks, ProcessInfo, Random } from "./ports.ts";
import { createTerminal, type Terminal } from "./terminal.ts";

export interface PlatformPorts {
  readonly docker: Docker;
  readonly exec: Exec;
  readonly terminal: Terminal;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly host: Host;
  readonly locks: Locks;
  readonly random: Random;
  readonly process: ProcessInfo;
  readonly failpoint: Failpoint;
  readonly bulkFiles: BulkFiles;
  readonly hashing: Hashing;
  readonly http: (settings: HttpSettings) => Http;
  /** Nothing is read, loaded or opened before its first call; whoever made it closes it. */
  readonly cluster: (choice: ClusterChoice) => Cluster;
}

/** The adapters of the real world; `cli/` calls it once for each run and adds `report` and `signal`. */
export function createPlatformPorts(
  env: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): PlatformPorts {
  const exec = createExec(env);
  return {
    docker: createDockerEngine({ env, exec, ...(signal === undefined ? {} : { signal }) }),
    exec,
    terminal: createTerminal(env),
    fs: createFileSystem(),
    clock: createClock(),
    host: createHost(),
    locks: createLocks(),
    random: { bytes: (count) => randomBytes(count), uuid: () => randomUUID() },
    process: { pid: process.pid, owner: describeOwner(), command: describeCommand(process.argv) },
    failpoint: createFailpoint(env),
    bulkFiles: createBulkFiles(),
    hashing: createHashing(),
    http: createHttpWhenAsked,
    cluster: (choice) => createCluster(choice, env, signal === undefined ? {} : { signal }),
  };
}

/** A uid need not have a name. */
function describeOwner(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `uid ${process.getuid?.() ?? ""}@${hostname()}`;
  }
}

/** TLS and HTTP take a while to load, and most commands never speak to anybody. */
function createHttpWhenAsked(settings: HttpSettings): Http {
  let made: Promise<Http> | undefined;
  const http = (): Promise<Http> => (made ??= import("./http-client.ts").then((module) => module.createHttp(settings)));
  return {
    request: async (request) => (await http()).request(request),
    close: () => void made?.then((client) => client.close()),
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
