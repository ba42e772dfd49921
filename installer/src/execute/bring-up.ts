import { InternalError } from "../errors/installer-error.ts";
import type { InstallerEvent, Report } from "../events/event.ts";
import type { Job } from "../plan/model.ts";
import type { Clock } from "../platform/ports.ts";
import { storeId } from "../render/rendering.ts";
import { graphOf, heldBack, startLimitSeconds, stopSecondsOf, unitOf } from "./bring-up-graph.ts";
import { type GraphNode, runGraph } from "./dependency-graph.ts";
import { createMissing } from "./create-missing.ts";
import { throwIfInterrupted } from "./interrupt.ts";
import type { Journal } from "./journal/journal.ts";
import { followServices, type ServiceProgress } from "./service-progress.ts";
import type { Applied } from "./state/records.ts";
import type { AppliedRecord } from "./state/state-store.ts";
import { steps } from "../events/steps.ts";
import { unitNamed, type Wanted, type WantedUnit } from "./wanted.ts";
import { withProgress } from "./with-progress.ts";

/** Something of ours on the target that is no longer needed. */
export interface Leftover {
  /** What the target calls it. */
  readonly name: string;
  /** The component or job it was of. */
  readonly unit: string;
  /** Stands for it in the journal. */
  readonly id: string;
}

/** What a target does to one part of a platform at a time; the bring-up decides what and when. */
export interface UnitDriver {
  leftovers(): Promise<readonly Leftover[]>;
  isGone(leftover: Leftover): Promise<boolean>;
  remove(leftover: Leftover): Promise<void>;
  /** What of a service runs and must not go on as it is, or undefined. The text stands for it in the journal. */
  running(id: string): Promise<string | undefined>;
  stop(id: string, seconds: number): Promise<void>;
  /** Makes what is missing, without starting it, where that is cheaper for all at once. */
  create(units: readonly WantedUnit[]): Promise<void>;
  /** Services that are not on the target at all. */
  missing(): Promise<readonly string[]>;
  /** Whether it runs as wanted, has read its files as they are now, and serves. */
  isCurrent(unit: WantedUnit): Promise<boolean>;
  /** Makes it run as wanted and waits until it serves. What it gives back is recorded as the target's own knowledge. */
  start(unit: WantedUnit, limits: StartLimits): Promise<(target: Applied["target"]) => Applied["target"]>;
  /** Waits for what goes on behind what was done: what is left of jobs is cleared away. */
  settled(): Promise<void>;
  /** Runs a job to its end. */
  runJob(unit: WantedUnit, limits: UnitLimits & { readonly title: string }): Promise<void>;
}

export interface UnitLimits {
  readonly seconds: number;
  readonly stopSeconds: number;
  readonly signal: AbortSignal;
}

export interface StartLimits extends UnitLimits {
  /** Called when it runs, before it serves. */
  readonly onBegun: () => void;
}

export interface BringUp {
  readonly wanted: Wanted;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly record: AppliedRecord;
  readonly report: Report;
  readonly signal: AbortSignal;
  /** For everything together, when the person set a limit. */
  readonly timeoutSeconds?: number | undefined;
  /** Resolves once the image is on the target; without it every image is there. */
  readonly imageReady?: ((reference: string) => Promise<void>) | undefined;
  /** Images that were on the target when the bring-up began; without it all were. */
  readonly presentImages?: ReadonlySet<string> | undefined;
}

type ItemState = Extract<InstallerEvent, { type: "item" }>["state"];

const atOnce = 16;

/**
 * Removes what is not needed, creates what is missing, replaces what differs, starts everything in dependency order and runs the jobs between.
 * @throws ApplyError, TimeoutError naming the component; InterruptedError
 */
export async function bringUp(bring: BringUp, driver: UnitDriver): Promise<void> {
  await removeLeftovers(bring, driver);
  await holdBack(bring, driver);
  await createMissing(bring, driver);
  const done: string[] = [];
  const secondsLeft = startTimer(bring);
  try {
    const services = followServices(graphOf(bring.wanted.plan).map(({ key }) => key));
    await runGraph(graphFor(bring, services), atOnce, async (key, stopped) => {
      const signal = AbortSignal.any([bring.signal, stopped]);
      await runNode({ ...bring, signal, services }, driver, key, secondsLeft());
      services.serves(key);
      done.push(key);
    });
    await driver.settled();
  } catch (error) {
    throw withProgress(error, done);
  } finally {
    // Nothing goes on behind a run that ended.
    await driver.settled().catch(() => undefined);
  }
}

/** The graph of the plan; a node that waits for its image, or for services to begin, does not hold up others. */
function graphFor({ wanted, imageReady }: BringUp, services: ServiceProgress): readonly GraphNode[] {
  return graphOf(wanted.plan).map((node) => {
    const { early = [] } = node;
    const image = wanted.units.get(unitOf(node.key))?.image;
    const ready = async (): Promise<void> => {
      await services.whenBegun(early);
      if (image !== undefined) await imageReady?.(image);
    };
    return { ...node, needs: node.needs.filter((need) => !early.includes(need)), ready };
  });
}

/**
 * Tells how many seconds are left of the person's limit. They count from the arrival of the last image: time spent on builds is not a
 * component's fault.
 */
function startTimer({ wanted, clock, timeoutSeconds, imageReady, presentImages }: BringUp): () => number {
  if (timeoutSeconds === undefined) return () => Infinity;
  let begin = clock.monotonicMs();
  const restart = (): void => {
    begin = clock.monotonicMs();
  };
  const awaited = [...wanted.units.values()].filter(({ image }) => presentImages?.has(image) === false);
  // An image that does not come fails those that wait for it.
  for (const { image } of awaited) imageReady?.(image).then(restart, () => undefined);
  return () => Math.max(1, timeoutSeconds - (clock.monotonicMs() - begin) / 1000);
}

async function removeLeftovers({ journal, report }: BringUp, driver: UnitDriver): Promise<void> {
  for (const leftover of await driver.leftovers()) {
    await journal.step<true>(`remove:${leftover.name}`, leftover.id, {
      probe: async () => ((await driver.isGone(leftover)) ? true : undefined),
      act: async () => {
        await driver.remove(leftover);
        return true;
      },
    });
    report({ type: "item", step: steps.start.id, id: leftover.unit, state: "removed" });
  }
}

async function holdBack({ wanted, journal, record, report }: BringUp, driver: UnitDriver): Promise<void> {
  for (const id of heldBack(wanted.plan, record.current())) {
    const running = await driver.running(id);
    if (running === undefined) continue;
    await journal.step<true>(`hold:${id}`, running, {
      probe: () => Promise.resolve(undefined),
      act: async () => {
        await driver.stop(id, stopSecondsOf(wanted.plan, id));
        return true;
      },
    });
    report({ type: "item", step: steps.start.id, id, state: "waiting" });
  }
}

async function runNode(bring: Running, driver: UnitDriver, key: string, left: number): Promise<void> {
  const id = unitOf(key);
  const show = (state: ItemState): void => bring.report({ type: "item", step: steps.start.id, id, state });
  try {
    if (key === id) await startService(bring, driver, id, { left, show });
    else await runPlannedJob(bring, driver, id, { left, show });
  } catch (error) {
    show("failed");
    throw error;
  }
}

interface Running extends BringUp {
  readonly services: ServiceProgress;
}

interface UnitRun {
  /** Seconds until the whole run gives up. */
  readonly left: number;
  readonly show: (state: ItemState) => void;
}

async function runPlannedJob(
  { wanted, journal, record, clock, signal, services }: Running,
  driver: UnitDriver,
  id: string,
  { left, show }: UnitRun,
): Promise<void> {
  const job = wanted.plan.jobs.find((candidate) => candidate.id === id);
  const unit = unitNamed(wanted, id);
  if (job === undefined) throw new InternalError(`the job ${id} is not in the plan`);
  let ran = false as boolean;
  await journal.step<true>(`job:${id}`, unit.inputs, {
    probe: () => Promise.resolve(record.current().jobs[id]?.inputsHash === unit.inputs ? true : undefined),
    act: async () => {
      ran = true;
      show("running");
      const seconds = Math.round(Math.min(left, job.deadlineSeconds));
      const run = () => driver.runJob(unit, { seconds, stopSeconds: 0, signal, title: job.title });
      await (job.waits === true ? runEarly(job, run, services, signal) : run());
      const at = clock.now().toISOString();
      await record.update((applied) => ({ jobs: { ...applied.jobs, [id]: { inputsHash: unit.inputs, at } } }));
      return true;
    },
    // A job leaves nothing on the target, and running it again is safe.
    undo: () => Promise.resolve(),
  });
  show(ran ? "done" : "unchanged");
}

/** A job that failed before what it waits for served is no failure: that may take longer than it waits. */
async function runEarly(
  job: Job,
  run: () => Promise<void>,
  services: ServiceProgress,
  signal: AbortSignal,
): Promise<void> {
  const needed = job.needs.flatMap((need) => (need.kind === "healthy" ? [need.component] : []));
  if (services.areServing(needed)) return run();
  try {
    await run();
  } catch (error) {
    if (signal.aborted) throw error;
    await Promise.race([services.whenServing(needed), whenAborted(signal)]);
    throwIfInterrupted(signal, `the job ${job.id} ran again`);
    await run();
  }
}

function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function startService(
  { wanted, journal, record, clock, signal, imageReady, services }: Running,
  driver: UnitDriver,
  id: string,
  { left, show }: UnitRun,
): Promise<void> {
  const component = wanted.plan.components.find((candidate) => candidate.id === id);
  const unit = unitNamed(wanted, id);
  if (component === undefined) throw new InternalError(`${id} is not in the plan`);
  let touched = false as boolean;
  await journal.step<true>(`start:${id}`, `${unit.specHash}:${unit.filesDigest}`, {
    probe: async () => ((await driver.isCurrent(unit)) ? true : undefined),
    act: async () => {
      touched = true;
      show("starting");
      // While images compile, the machine is slow.
      const patience = imageReady === undefined ? 1 : 3;
      const seconds = Math.round(Math.min(left, startLimitSeconds(component) * patience));
      const stopSeconds = stopSecondsOf(wanted.plan, id);
      const onBegun = (): void => services.begun(id);
      const remember = await driver.start(unit, { seconds, stopSeconds, signal, onBegun });
      const at = clock.now().toISOString();
      const served = wanted.rendering.stores.filter((store) => store.component === id);
      await record.update(({ initialised, target }) => ({
        target: remember(target),
        initialised: { ...Object.fromEntries(served.map((store) => [storeId(store), { at }])), ...initialised },
      }));
      return true;
    },
  });
  show(touched ? "healthy" : "unchanged");
}
