import { ApplyError, InterruptedError } from "../../src/errors/installer-error.ts";
import { steps } from "../../src/events/steps.ts";
import { bringUp, type UnitDriver } from "../../src/execute/bring-up.ts";
import type { StoreContents } from "../../src/execute/data-guard.ts";
import { hashOf } from "../../src/execute/digest.ts";
import type { Install } from "../../src/execute/state/install.ts";
import type { Wanted, WantedUnit } from "../../src/execute/wanted.ts";
import { withStep } from "../../src/execute/with-step.ts";
import type { FileContents, Plan, Slot } from "../../src/plan/model.ts";
import { isSecretSlot, slotsOf as slotsIn } from "../../src/plan/text.ts";
import type { ImageStore } from "../../src/platform/ports.ts";
import {
  type ImpossibleChange,
  type Rendering,
  servicesOf,
  storeId,
  storesOf,
  type Unit,
} from "../../src/render/rendering.ts";
import { isMadeOf, type LiveService, serves } from "../../src/targets/live-platform.ts";
import type { Change, Target, TargetIo } from "../../src/targets/target.ts";
import { keeperOn } from "./memory-keeper.ts";
import { createClock } from "../../src/platform/clock.ts";

/** How a unit behaves when it runs; without a word it serves, or ends well. */
export interface Behaviour {
  /** Ends with this status. */
  readonly status?: number;
  readonly lines?: readonly string[];
}

/** A target that is nothing but memory: what unit tests install on, and the smallest thing that passes the conformance suite. */
export interface MemoryTarget {
  readonly target: Target & { readonly images: ImageStore };
  /** What runs, by component; a test may take something away. */
  readonly services: Map<string, MemoryService>;
  /** What each store holds, by `component/volume`. */
  readonly stores: Map<string, { readonly owner: string; contents: StoreContents }>;
  /** What has the install's name, made by others. */
  readonly strangers: string[];
  /** Units by id; jobs with other arguments by id and arguments. */
  readonly behaviours: Map<string, Behaviour>;
  /** Every program that was run in a service, and every console with its arguments, in order. */
  readonly programsRun: (readonly string[])[];
  /** Every job that ran, in order, with its arguments where they were others than its own. */
  readonly jobsRun: string[];
  /** Free for copies of stores. */
  freeBytes: number;
  /** Stores and services as they were kept to go back to. */
  kept: Pick<MemoryTarget, "stores" | "services"> | undefined;
  /** Name of the install that was made last: there is only one here. */
  owner: string;
  /** Every set of notices that was put, with its component, in order. */
  readonly notices: (readonly [component: string, texts: ReadonlyMap<string, string>])[];
}

export interface MemoryService extends LiveService {
  /** Digest of the files it read when it started. */
  readonly read: string;
}

/** Makes an empty one. */
export function createMemoryTarget(): MemoryTarget {
  const world: MemoryTarget = {
    target: undefined as unknown as MemoryTarget["target"],
    services: new Map(),
    stores: new Map(),
    strangers: [],
    behaviours: new Map(),
    jobsRun: [],
    programsRun: [],
    notices: [],
    freeBytes: 2 ** 40,
    kept: undefined,
    owner: "",
  };
  return Object.assign(world, { target: targetOn(world) });
}

function targetOn(world: MemoryTarget): MemoryTarget["target"] {
  return {
    identity: { kind: "memory" },
    isolates: true,
    hosts: () => [],
    facts: () => Promise.resolve({ version: "1", apiVersion: "1.0", platform: "linux/amd64" }),
    dataPlace: () => Promise.resolve(undefined),
    render: (plan) => Promise.resolve(renderPlan(plan)),
    impossible: (before, after) => shrunkStores(before, after),
    observe: (install, { components }) => {
      const all = [...world.services.values()];
      const departed = all.map(({ component }) => component).filter((id) => !components.includes(id));
      return Promise.resolve({
        services: new Map(all.filter(({ component }) => components.includes(component)).map((s) => [s.component, s])),
        departed,
        hasLeftovers: departed.length > 0,
        copies: new Map(),
        stores: new Map([...world.stores].map(([id, { owner }]) => [id, { place: id, ours: isOwner(install, owner) }])),
        foreign: world.strangers,
        imageIds: new Map(),
        trace: all.map(({ component, specHash }) => [component, specHash]).sort(),
      });
    },
    isAsWanted: (_install, wanted, live) =>
      Promise.resolve(
        servicesOf(wanted.rendering).every((unit) => {
          const service = live.services.get(unit.id);
          return (
            service !== undefined &&
            isCurrent(world, wantedUnit(wanted, unit.id)) &&
            isMadeOf(service, unit, live.imageIds)
          );
        }),
      ),
    inspectStores: (_install, _plan, stores) =>
      Promise.resolve(
        new Map(
          stores.map((s) => [
            storeId(s),
            { place: storeId(s), contents: world.stores.get(storeId(s))?.contents ?? "missing" },
          ]),
        ),
      ),
    apply: (change, io) => {
      world.owner = change.install.name;
      return applyChange(world, change, io);
    },
    putNotices: (_install, component, texts) => Promise.resolve(void world.notices.push([component, texts])),
    runJob: (_install, { id, arguments: given = [], onLine }) =>
      Promise.resolve(runJob(world, [id, ...given].join(" "), onLine)),
    exec: ({ component }, command) => Promise.resolve(runProgram(world, component, command)),
    ask: ({ component }, command) => {
      const { status = 0, lines = [] } = world.behaviours.get([component, ...command].join(" ")) ?? {};
      return Promise.resolve({ exitCode: status, lines });
    },
    copies: ({ name: install }) =>
      Promise.resolve(
        (install === world.owner ? [...world.services.values()] : [])
          .toSorted((a, b) => (a.component < b.component ? -1 : 1))
          .map(({ component, name, id, phase, health, image, imageId }) => {
            return { component, name, id, phase, health, image, imageId, restarts: 0 };
          }),
      ),
    askCopies: (_install, component, command) => {
      const service = world.services.get(component);
      if (service === undefined) return Promise.resolve([]);
      const { status = 0, lines = [] } = world.behaviours.get([component, ...command].join(" ")) ?? {};
      return Promise.resolve([{ name: service.name, exitCode: status, lines }]);
    },
    openConsole: (_install, { job, args }) => Promise.resolve(runProgram(world, job, args)),
    logs: ({ component }, { tail, onLine }) => {
      const lines = world.behaviours.get(component)?.lines ?? [];
      for (const line of tail < 0 ? lines : lines.slice(-tail)) onLine(line);
      return Promise.resolve();
    },
    touch: (verb, service) => {
      const found = world.services.get(service.component);
      if (found !== undefined) put(world, { ...found, phase: verb === "stop" ? "exited" : "running" });
      return Promise.resolve();
    },
    watch: () =>
      Promise.resolve({ serving: ({ component }) => requireServing(world, component), close: () => undefined }),
    remains: (install) =>
      Promise.resolve({
        workloads: [
          ...[...world.services.values()].map(
            ({ name }) => ({ name, claim: install.identity === undefined ? "another" : "ours" }) as const,
          ),
          ...world.strangers.map((name) => ({ name, claim: "stranger" }) as const),
        ],
        networks: [],
        stores: [...world.stores].map(([place, { owner }]) => ({ place, ours: isOwner(install, owner) })),
      }),
    installs: () => {
      const all = [...world.services.values()];
      const running = all.filter(({ phase }) => phase === "running").length;
      const found = { name: world.owner, services: all.length, running, stores: world.stores.size };
      return Promise.resolve(all.length + world.stores.size === 0 ? [] : [found]);
    },
    remove: (_install, { data }) => {
      const removed = {
        containers: [...world.services.values()].map(({ name }) => name),
        networks: [],
        volumes: data ? [...world.stores.keys()] : [],
        directories: [],
        strangers: [...world.strangers],
      };
      world.services.clear();
      if (data) world.stores.clear();
      return Promise.resolve(removed);
    },
    keeper: keeperOn(world),
    images: {
      imageIds: () => Promise.resolve(new Map()),
      findImages: () => Promise.resolve({ ids: new Map(), digests: new Map() }),
    } as unknown as ImageStore,
    checks: () =>
      Promise.resolve({ preflight: [], live: [], inChinese: () => Promise.resolve({ preflight: {}, live: {} }) }),
  };
}

/** Here a store never shrinks. */
function shrunkStores(before: Plan, after: Plan): readonly ImpossibleChange[] {
  const sizes = new Map(
    before.components.flatMap(({ id, volumes }) => volumes.map((v) => [`${id}/${v.name}`, v.sizeGiB])),
  );
  return after.components.flatMap(({ id, volumes }) =>
    volumes
      .filter(({ name, sizeGiB }) => sizeGiB < (sizes.get(`${id}/${name}`) ?? 0))
      .map(({ name, sizeGiB }) => ({
        component: id,
        message: `${id}: the store ${name} cannot shrink to ${sizeGiB} GiB`,
        hint: "set its size back",
      })),
  );
}

function isOwner({ identity }: Install, owner: string): boolean {
  return identity?.uuid === owner;
}

/** One file a unit that reads any: what it contains is what a restart must tell apart. */
function renderPlan(plan: Plan): Rendering {
  const containers = [
    ...plan.components.flatMap(({ id, workload }) =>
      workload === undefined ? [] : [{ id, role: "service" as const, container: workload.container }],
    ),
    ...plan.jobs.map(({ id, container }) => ({ id, role: "job" as const, container })),
  ];
  const files = containers.flatMap(({ id, container }) =>
    container.files.map((file) => ({
      path: `${id}${file.path}`,
      contents: slotsOf(file.contents).filter(isSecretSlot),
      secret: true,
    })),
  );
  const units = containers.map(
    ({ id, role, container }): Unit => ({
      id,
      role,
      image: container.image.reference,
      specHash: hashOf(container),
      filePaths: container.files.map((file) => `${id}${file.path}`),
    }),
  );
  return { files, units, stores: storesOf(plan) };
}

function slotsOf(contents: FileContents): readonly Slot[] {
  if (contents.kind === "text") return slotsIn(contents.text);
  return contents.kind === "json" ? slotsIn(contents.value) : [];
}

async function applyChange(world: MemoryTarget, change: Change, io: TargetIo): Promise<void> {
  const { install, wanted, journal, record, timeoutSeconds } = change;
  const clock = createClock();
  for (const store of wanted.rendering.stores) {
    const id = storeId(store);
    if (!world.stores.has(id)) world.stores.set(id, { owner: install.identity.uuid, contents: "empty" });
  }
  await withStep({ ...io, clock }, steps.start, () =>
    bringUp(
      { wanted, clock, journal, record, report: io.report, signal: io.signal, timeoutSeconds },
      driverOn(world, wanted, io),
    ),
  );
}

function driverOn(world: MemoryTarget, wanted: Wanted, { signal }: TargetIo): UnitDriver {
  const services = servicesOf(wanted.rendering).map(({ id }) => id);
  return {
    leftovers: () =>
      Promise.resolve(
        [...world.services.keys()].filter((id) => !services.includes(id)).map((id) => ({ name: id, unit: id, id })),
      ),
    isGone: ({ id }) => Promise.resolve(!world.services.has(id)),
    remove: ({ id }) => Promise.resolve(void world.services.delete(id)),
    running: (id) => Promise.resolve(world.services.get(id)?.phase === "running" ? id : undefined),
    stop: (id) => {
      const found = world.services.get(id);
      if (found !== undefined) put(world, { ...found, phase: "exited" });
      return Promise.resolve();
    },
    create: () => Promise.resolve(),
    missing: () => Promise.resolve(services.filter((id) => !world.services.has(id))),
    isCurrent: (unit) => Promise.resolve(isCurrent(world, unit)),
    start: async (unit) => {
      if (signal.aborted) throw new InterruptedError("interrupted");
      startUnit(world, unit);
      await requireServing(world, unit.id);
      for (const store of wanted.rendering.stores.filter(({ component }) => component === unit.id)) {
        const held = world.stores.get(storeId(store));
        if (held !== undefined) held.contents = "data";
      }
      return (target) => target;
    },
    settled: () => Promise.resolve(),
    runJob: async (unit, { title }) => {
      const status = runJob(world, unit.id);
      await Promise.resolve();
      if (status !== 0) throw new ApplyError(`the job ${unit.id} (${title}) failed with exit status ${status}`);
    },
  };
}

function runJob(world: MemoryTarget, id: string, onLine: (line: string) => void = () => undefined): number {
  const { status = 0, lines = [] } = world.behaviours.get(id) ?? {};
  for (const line of lines) onLine(line);
  world.jobsRun.push(id);
  return status;
}

/** One that only ends, with the status that is asked for where it says `exit`. */
function runProgram(world: MemoryTarget, id: string, words: readonly string[]): number {
  world.programsRun.push([id, ...words]);
  return Number(/\bexit (\d+)/.exec(words.join(" "))?.[1] ?? 0);
}

let made = 0;

/** Another definition is another copy; the same one only reads its files again. */
function startUnit(world: MemoryTarget, unit: WantedUnit): void {
  const before = world.services.get(unit.id);
  const isSame = before?.specHash === unit.specHash;
  made += 1;
  put(world, {
    component: unit.id,
    name: unit.id,
    id: isSame ? before.id : `${unit.id}-${made}`,
    phase: "running",
    health: "healthy",
    specHash: unit.specHash,
    image: unit.image,
    imageId: "",
    ports: [],
    severed: [],
    changedFiles: [],
    replaced: false,
    read: unit.filesDigest,
  });
}

function put(world: MemoryTarget, service: MemoryService): void {
  world.services.set(service.component, service);
}

function isCurrent(world: MemoryTarget, unit: WantedUnit): boolean {
  const service = world.services.get(unit.id);
  return service?.specHash === unit.specHash && service.read === unit.filesDigest && serves(service);
}

function wantedUnit(wanted: Wanted, id: string): WantedUnit {
  const unit = wanted.units.get(id);
  if (unit === undefined) throw new Error(`${id} is not wanted`);
  return unit;
}

function requireServing(world: MemoryTarget, id: string): Promise<void> {
  const status = world.behaviours.get(id)?.status;
  if (status === undefined) return Promise.resolve();
  return Promise.reject(new ApplyError(`${id} does not stay up: it ended with exit status ${status}`));
}
