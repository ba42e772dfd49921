import { readFileSync } from "node:fs";
import type { Install } from "../../src/execute/state/install.ts";
import type { Plan } from "../../src/plan/model.ts";
import { buildPlan } from "../../src/plan/build-plan.ts";
import type {
  ContainerState,
  Docker,
  EngineInfo,
  Exec,
  FileSystem,
  Host,
  NetworkState,
  RunResult,
} from "../../src/platform/ports.ts";
import { loadValues } from "../../src/values/load-values.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { LiveCheckContext } from "../../src/actions/preflight/checks/live-check.ts";
import { stateLayout } from "../../src/execute/state/layout.ts";
import { nothingApplied } from "../../src/execute/state/records.ts";
import type { ComposeCheckContext } from "../../src/targets/compose/checks/compose-check.ts";
import type { LivePlatform } from "../../src/targets/live-platform.ts";
import { valuesSections } from "../../src/plan/values-sections.ts";

/** What of the world is other than on a host that is ready. */
export interface FakeWorld {
  readonly profile?: "infra" | "standard";
  readonly set?: readonly string[];
  readonly unreachable?: string;
  readonly info?: Partial<EngineInfo>;
  readonly compose?: string | undefined;
  /** There is no docker program. */
  readonly withoutProgram?: boolean;
  readonly canBuildImages?: boolean;
  readonly files?: Readonly<Record<string, string>>;
  readonly stats?: Readonly<Record<string, { directory?: boolean; mode?: number; uid?: number; size?: number }>>;
  /** Free bytes by directory; the directories exist. */
  readonly free?: Readonly<Record<string, number>>;
  /** Results by the beginning of the command line. */
  readonly exec?: Readonly<Record<string, RunResult>>;
  /** Error codes by port. */
  readonly taken?: Readonly<Record<number, string>>;
  /** Why a connection to `host:port` fails. */
  readonly refuses?: Readonly<Record<string, string>>;
  readonly addresses?: Readonly<Record<string, readonly string[]>>;
  readonly containers?: readonly object[];
  /** What one look after the other sees, the last one for good. */
  readonly containersInTurn?: readonly (readonly object[])[];
  readonly volumes?: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  /** Networks with bridges, called by their ids unless told. */
  readonly networks?: readonly (Pick<NetworkState, "id" | "name"> & Partial<NetworkState>)[];
  /** Of other networks of the engine. */
  readonly subnets?: readonly string[];
  readonly imagesPresent?: boolean;
  readonly imagesGone?: readonly string[];
  /** What the engine tells of a container, by its id. */
  readonly inspected?: Readonly<Record<string, Partial<ContainerState>>>;
  readonly installId?: string;
  readonly now?: string;
  readonly uid?: number;
  readonly live?: object;
  readonly status?: object;
}

const gibibyte = 1024 ** 3;
const root = new URL("../../../", import.meta.url);

function readAsset(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** A context for checks: a roomy, empty Debian host as root with the infra profile, but for what differs. */
export function fakeContext(world: FakeWorld = {}): ComposeCheckContext & LiveCheckContext {
  const { profile = "infra" } = world;
  const { values } = loadValues(
    {
      defaults: { name: "values.yaml", text: readAsset("values/values.yaml") },
      profile: { name: profile, text: readAsset(`values/profiles/${profile}.yaml`) },
      sets: world.set ?? [],
    },
    valuesSections(),
  );
  const assets = {
    readText: readAsset,
    listBelow: () => [],
    checkout: "/checkout",
    version: "0",
    builtAt: "2026-11-01",
  };
  const plan = buildPlan({ values, images: readImageTable(assets), name: "slipway", profile, version: "0" });
  const info: EngineInfo = { ...readyEngine, ...world.info };
  return {
    plan,
    values,
    name: "slipway",
    stateDir,
    engine:
      world.unreachable === undefined ? { reachable: true, info } : { reachable: false, reason: world.unreachable },
    docker: fakeDocker(world),
    exec: fakeExec(world),
    fs: fakeFileSystem(world),
    clock: {
      now: () => new Date(world.now ?? "2026-11-21T12:00:00Z"),
      monotonicMs: () => 0,
      sleep: () => Promise.resolve(),
    },
    host: fakeHost(world),
    install: fakeInstall(world),
    builtAt: new Date("2026-11-01"),
    canBuildImages: world.canBuildImages ?? true,
    signal: new AbortController().signal,
    live: world.live as LivePlatform | undefined,
    status: world.status as StatusResult | undefined,
  };
}

const stateDir = "/var/lib/slipway/slipway";

/** The records as the files of the world tell. */
function fakeInstall({ files = {}, installId }: FakeWorld): Install {
  const layout = stateLayout(stateDir);
  const read = (path: string): unknown => (path in files ? JSON.parse(files[path] ?? "") : undefined);
  const identity = {
    uuid: installId ?? "",
    name: "slipway",
    createdAt: "",
    digestKey: "",
    target: { kind: "compose" },
  };
  return {
    name: "slipway",
    stateDir,
    layout,
    identity: installId === undefined ? undefined : identity,
    applied: { ...nothingApplied, ...(read(layout.applied) as object | undefined) },
    plan: read(layout.plan) as Plan | undefined,
    pendingPlan: read(layout.pendingPlan) as Plan | undefined,
  };
}

const readyEngine: EngineInfo = {
  version: "26.1.5",
  apiVersion: "1.45",
  storageDriver: "overlay2",
  cgroupVersion: "2",
  memoryBytes: 32 * gibibyte,
  cpus: 8,
  dataRoot: "/var/lib/docker",
  securityOptions: ["name=apparmor", "name=seccomp,profile=builtin"],
  os: "Debian GNU/Linux 13",
  architecture: "x86_64",
  socket: "/var/run/docker.sock",
};

function fakeDocker(world: FakeWorld): Docker {
  let looks = 0;
  const containersNow = (): readonly object[] => {
    looks += 1;
    return world.containersInTurn?.[Math.min(looks, world.containersInTurn.length) - 1] ?? world.containers ?? [];
  };
  const docker: Partial<Docker> = {
    composeVersion: () =>
      world.withoutProgram === true
        ? Promise.reject(new Error("docker is not installed"))
        : Promise.resolve("compose" in world ? world.compose : "2.26.1"),
    inspect: (id) => Promise.resolve({ id, ...world.inspected?.[id] } as ContainerState),
    containers: () => Promise.resolve(containersNow() as readonly ContainerState[]),
    volumes: () => Promise.resolve((world.volumes ?? []).map((volume) => ({ ...volume, mountpoint: "" }))),
    networks: () => Promise.resolve(fakeNetworks(world)),
    imageIds: (references) =>
      Promise.resolve(
        new Map(
          world.imagesPresent === false
            ? []
            : references
                .filter((reference) => world.imagesGone?.includes(reference) !== true)
                .map((reference) => [reference, "sha256:1"]),
        ),
      ),
  };
  return docker as Docker;
}

function fakeNetworks({ networks = [], subnets = ["172.17.0.0/16"] }: FakeWorld): readonly NetworkState[] {
  const named = networks.map((network) => ({
    subnets: [],
    bridge: { device: `br-${network.id.slice(0, 12)}` },
    ...network,
  }));
  return [...named, ...subnets.map((subnet) => ({ id: "", name: "other", subnets: [subnet] }))];
}

function fakeExec(world: FakeWorld): Exec {
  return {
    run: (command, args) => {
      const line = [command, ...args].join(" ");
      const known = Object.entries(world.exec ?? {}).find(([beginning]) => line.startsWith(beginning));
      if (known !== undefined) return Promise.resolve(known[1]);
      if (command === "docker") return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
      return Promise.reject(new Error(`${command} is not installed`));
    },
  };
}

function fakeFileSystem(world: FakeWorld): FileSystem {
  const files = world.files ?? {};
  const standing: readonly string[] = [
    "/",
    "/var",
    "/var/lib",
    "/var/lib/docker",
    "/srv",
    ...Object.keys(world.free ?? {}),
  ];
  const under = (path: string): readonly string[] =>
    Object.keys(files).flatMap((file) => (file.startsWith(`${path}/`) ? [file.slice(path.length + 1)] : []));
  const exists = (path: string): boolean =>
    standing.includes(path) || path in files || path in (world.stats ?? {}) || under(path).length > 0;
  const fs: Partial<FileSystem> = {
    readText: (path) => (path in files ? Promise.resolve(files[path] ?? "") : Promise.reject(new Error("ENOENT"))),
    readTextIfPresent: (path) => Promise.resolve(files[path]),
    exists: (path) => Promise.resolve(exists(path)),
    list: (path) => Promise.resolve(under(path)),
    stat: (path) => {
      const given = world.stats?.[path];
      if (given === undefined && !exists(path)) return Promise.resolve(undefined);
      const directory = !(path in files);
      return Promise.resolve({ directory, mode: directory ? 0o755 : 0o400, uid: 0, size: 1, ...given });
    },
    freeBytes: (path) => Promise.resolve(world.free?.[path] ?? 900 * gibibyte),
  };
  return fs as FileSystem;
}

function fakeHost(world: FakeWorld): Host {
  const uid = world.uid ?? 0;
  return {
    memoryBytes: () => Promise.resolve(32 * gibibyte),
    cpuCount: () => 8,
    isRoot: () => uid === 0,
    uid: () => uid,
    bindError: (_address, port) => Promise.resolve(world.taken?.[port]),
    connectError: (host, port) => Promise.resolve(world.refuses?.[`${host}:${port}`]),
    resolve: (name) => {
      const found = world.addresses?.[name] ?? world.addresses?.["*"];
      return found === undefined ? Promise.reject(new Error("ENOTFOUND")) : Promise.resolve(found);
    },
    processAlive: () => true,
    bootId: () => Promise.resolve("boot"),
  };
}
