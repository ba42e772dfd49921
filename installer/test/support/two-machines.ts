import type { InstallerEvent } from "../../src/events/event.ts";
import type { Clock, LockAttempt, LockHolder, Locks, NameHolder } from "../../src/platform/ports.ts";
import type { LockPorts } from "../../src/execute/state/run-lock.ts";
import type { StatePorts } from "../../src/execute/state/state-store.ts";
import {
  createNamespaceRecords,
  type NamespaceRecords,
  type RecordsPorts,
} from "../../src/targets/helm/records/namespace-records.ts";
import type { MemoryCluster } from "./memory-cluster.ts";
import { createMemoryFileSystem, createSeededRandom } from "./memory-ports.ts";

/** A machine from which an install is looked after: its disk stays, each run on it is a program of its own. */
export interface Machine {
  readonly name: string;
  readonly fs: ReturnType<typeof createMemoryFileSystem>;
  readonly stateDir: string;
  /** Begins a run; `killedAt` counts the points that it passes, from 0, and ends it there as a power cut would. */
  run(killedAt?: number): MachineRun;
}

export interface MachineRun {
  readonly ports: Omit<MachinePorts, "target">;
  readonly records: NamespaceRecords;
  /** Points that were passed. */
  readonly points: string[];
  readonly events: InstallerEvent[];
  /** Resolves once it was killed. */
  readonly killed: Promise<void>;
  /** Kills it now. */
  kill(): void;
}

export interface MachineWorld {
  readonly memory: MemoryCluster;
  readonly clock: Clock;
  readonly namespace: string;
  readonly install: string;
}

/** Makes a machine; nothing on it is another's. */
export function createMachine(name: string, world: MachineWorld): Machine {
  const fs = createMemoryFileSystem();
  const locks = createMemoryLocks();
  let runs = 0;
  return {
    name,
    fs,
    stateDir: "/state",
    run: (killedAt = Infinity) => {
      runs += 1;
      const life = { isOver: false };
      const points: string[] = [];
      const events: InstallerEvent[] = [];
      let tellKilled: () => void = () => undefined;
      const killed = new Promise<void>((resolve) => (tellKilled = resolve));
      const kill = (): void => {
        life.isOver = true;
        locks.forget();
        tellKilled();
      };
      const failpoint = (point: string): Promise<void> | undefined => {
        if (life.isOver) return new Promise(() => undefined);
        points.push(point);
        if (points.length - 1 < killedAt) return undefined;
        kill();
        return new Promise(() => undefined);
      };
      const report = (event: InstallerEvent): void => void events.push(event);
      const { clock } = world;
      const ports = portsOf(name, runs, { fs: mortal(fs, life), locks: locks.port, clock, failpoint, report });
      const cluster = mortal(world.memory.seenFrom({ context: `to-${world.namespace}-from-${name}` }), life);
      const place = { cluster, namespace: world.namespace, install: world.install };
      const records = createNamespaceRecords(place, ports);
      return { ports, records, points, events, killed, kill };
    },
  };
}

/** What a run needs of its machine besides the cluster. */
type MachinePorts = RecordsPorts & LockPorts & Pick<StatePorts, "random">;

function portsOf(
  name: string,
  run: number,
  more: Pick<MachinePorts, "fs" | "locks" | "clock" | "failpoint" | "report">,
): Omit<MachinePorts, "target"> {
  return {
    ...more,
    host: { bootId: () => Promise.resolve(`boot of ${name}`) },
    random: createSeededRandom(`${name} ${run}`),
    process: { pid: 100 + run, owner: `anna@${name}`, command: "slipway install" },
    signal: new AbortController().signal,
  };
}

/** A port that never answers again once its program is dead. */
function mortal<T extends object>(port: T, life: { readonly isOver: boolean }): T {
  return new Proxy(port, {
    get: (target, key) => {
      const found: unknown = Reflect.get(target, key);
      if (typeof found !== "function" || key === "place") return found;
      return (...words: unknown[]): unknown =>
        life.isOver ? new Promise(() => undefined) : (found as (...all: unknown[]) => unknown).apply(target, words);
    },
  });
}

/** Locks that end with the program, as those of the kernel do, while what their file says stays. */
function createMemoryLocks(): { readonly port: Locks; forget(): void } {
  const files = new Map<string, LockHolder>();
  const held = new Set<string>();
  const tryAcquire = (path: string, holder: LockHolder | NameHolder): LockAttempt => {
    const previous = files.get(path);
    if (held.has(path)) return { held: false, holder: previous };
    held.add(path);
    files.set(path, typeof holder === "function" ? holder(previous) : holder);
    return { held: true, previous, release: () => Promise.resolve(void held.delete(path)) };
  };
  return {
    port: { tryAcquire: (path, holder) => Promise.resolve(tryAcquire(path, holder)) },
    forget: () => held.clear(),
  };
}
