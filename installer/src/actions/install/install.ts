import { InstallerError, PlanChangedError } from "../../errors/installer-error.ts";
import { steps } from "../../events/steps.ts";
import { bringUpJobs, graphOf, withoutLostData } from "../../execute/bring-up-graph.ts";
import { measureCriticalPath } from "../../execute/critical-path.ts";
import { canonicalJson } from "../../execute/digest.ts";
import { recordRun, type RunBegin } from "../../execute/history/run-history.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import { secretsThatExist } from "../../execute/secrets/secret-store.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { hasData } from "../../execute/state/records.ts";
import { requireOwnDirectory } from "../../execute/state/own-directory.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import { openApplied, readIdentity, requirePrivate } from "../../execute/state/state-store.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { startStopwatch, type Stopwatch } from "../../execute/stopwatch.ts";
import { withStep } from "../../execute/with-step.ts";
import type { ActionPorts } from "../context.ts";
import { type Desire, type Desired, openDesire } from "../desired/desired.ts";
import { describeReturned } from "../desired/returned-values.ts";
import { summariseRun } from "../history/run-summary.ts";
import { isPlanHash, planHashOf, shortPlanHash } from "../plan/plan-hash.ts";
import { findDriftLocked, type FoundInside } from "../plan/find-drift.ts";
import { requireNoOpenUpgrade } from "../upgrade/upgrade-record.ts";
import { observeFor, type ObservedPlatform } from "../plan/observe.ts";
import { type Change, comparePlan } from "../plan/plan.ts";
import { requireAccepted } from "../plan/rehearse.ts";
import { openRunLog, type RunLog } from "../run-log.ts";
import { firstPasswordOf, notInstalledIn, registrationsIn, urlsOf } from "../status/summary.ts";
import { requireSecrets } from "../secrets/secret-troubles.ts";
import { requireWires, verifyPlan, type VerifyResult } from "../verify/verify.ts";
import { applyChange, type ApplyRequest, openChange } from "./apply.ts";
import { requireNoForeignStores } from "./foreign-stores.ts";
import type { InstallRequest, InstallResult } from "./install-request.ts";
import { desireWith } from "./desire-with.ts";
import { repairInside } from "./repair.ts";
import { preflightDesired } from "./preflight-desired.ts";
import { imagesOfPlan, type ComingImages, type ProvidedImages, provideImages } from "./provide-images.ts";
import { withDigests } from "./record-release.ts";
import { secretsIfUpToDate } from "./up-to-date.ts";

/** The parts of an install that depend on values and images; tests bring their own. */
export interface InstallSources {
  /** Reads the values, once for the whole run. */
  readonly openDesire: () => Promise<Desire>;
  /** With `images` only these references need not be had yet. */
  readonly preflight: (desired: Desired, availableImages?: ReadonlySet<string>) => Promise<void>;
  /** With `goOn` images may still be on their way when it returns. */
  readonly provideImages: (desired: Desired, goOn: boolean) => Promise<ProvidedImages>;
  /** Gives nodes that pull by themselves their login, before anything starts and also where nothing else changes. */
  readonly logNodesIn?: (desired: Desired) => Promise<void>;
}

/**
 * Brings the platform to the state the values describe; does nothing when it is there already.
 * @throws LockedError, ValuesError, PreflightError, PlanChangedError, DataExpectedError, ApplyError, TimeoutError, WireError, InterruptedError
 */
export async function install(request: InstallRequest, ports: ActionPorts): Promise<InstallResult> {
  return installFrom(request, ports, {
    openDesire: () => openDesire(request, ports),
    preflight: (desired, availableImages) =>
      preflightDesired(desired, request, ports, availableImages && { availableImages }),
    provideImages: (desired, goOn) => provideImages(desired, { ...request, goOn }, ports),
  });
}

/** `install` with its sources given. */
export async function installFrom(
  request: InstallRequest,
  given: ActionPorts,
  sources: InstallSources,
): Promise<InstallResult> {
  const begun = { at: given.clock.now(), monotonicMs: given.clock.monotonicMs() };
  const stopwatch = startStopwatch(given.clock, begun.monotonicMs, given.report);
  const ports = { ...given, report: stopwatch.report };
  const layout = stateLayout(request.stateDir);
  const run = ports.random.uuid();
  const isNew = (await readIdentity(ports.fs, layout)) === undefined;
  let desire: Desire | undefined;
  if (isNew) {
    // Wrong values must not leave a state directory behind.
    desire = await sources.openDesire();
    await requireOwnDirectory(request.stateDir, ports);
    await requirePrivate(ports.fs, layout);
    await ports.fs.makeDirectory(request.stateDir, 0o700);
  }
  const release = await acquireRunLock(ports, layout, run);
  try {
    const found = await openInstall(request, ports.fs);
    if (request.beforeChange === undefined) {
      await requireNoOpenUpgrade(found, { rotates: request.rotate !== undefined }, ports.fs);
    }
    // Another run may have installed it, and recorded values, just before the lock was free.
    if (desire === undefined || found.identity !== undefined) desire = await sources.openDesire();
    const desired = await stopwatch.take("render", desire);
    const { take } = stopwatch;
    const outcome = await installLocked(desired, { request, desire, install: found, run, begun, take }, ports, sources);
    const ms = Math.round(ports.clock.monotonicMs() - begun.monotonicMs);
    if (request.timings !== true) return { ...outcome, ms };
    return { ...outcome, ms, timings: measureCriticalPath(stopwatch.spans(), graphOf(desired.plan), ms) };
  } finally {
    // A dry run and a refusal leave nothing behind.
    if (isNew && !(await ports.fs.exists(layout.format))) await removeEmptyState(request, ports);
    await release();
  }
}

async function removeEmptyState(request: InstallRequest, ports: ActionPorts): Promise<void> {
  const names = await ports.fs.list(request.stateDir);
  if (names.every((name) => name === "run.lock")) await ports.fs.remove(request.stateDir);
}

type Outcome = Omit<InstallResult, "ms">;

/** One run, with what was read at its beginning. */
interface Run {
  readonly request: InstallRequest;
  readonly desire: Desire;
  readonly install: Install;
  readonly run: string;
  readonly begun: RunBegin;
  readonly take: Stopwatch["take"];
}

async function installLocked(
  desired: Desired,
  run: Run,
  ports: ActionPorts,
  sources: InstallSources,
): Promise<Outcome> {
  const unchanged = await tryUnchanged(desired, run, ports);
  if (unchanged !== undefined) {
    await sources.logNodesIn?.(desired);
    return unchanged;
  }
  const { layout } = run.install;
  const { secrets: specs } = desired.plan;
  const readSecrets = () => secretsThatExist(ports.fs, { specs, folder: layout.secrets, given: desired.given });
  const log = openRunLog(ports, { folder: layout.logs, run: run.run, readSecrets });
  const logged = { ...ports, report: log.report };
  try {
    return await installChanges(desired, { ...run, log }, logged, sources);
  } catch (error) {
    log.report({ type: "debug", message: "the run failed", data: describeError(error) });
    throw error;
  } finally {
    // Nothing is left of a run that stopped before there was a state directory.
    if (await ports.fs.exists(layout.logs)) await log.close();
  }
}

async function tryUnchanged(
  desired: Desired,
  { request, install, run, begun }: Run,
  ports: ActionPorts,
): Promise<Outcome | undefined> {
  const { identity, applied, layout } = install;
  if (identity === undefined || request.planHash !== undefined || request.dryRun === true) return undefined;
  if (request.rotate !== undefined || applied.rotation !== undefined) return undefined;
  const live = await observeFor(desired, install, ports);
  const secrets = await secretsIfUpToDate(desired, { ...install, identity }, live, ports);
  if (secrets === undefined) return undefined;
  // Another version of this program may describe the same platform in other words.
  if (install.plan === undefined || canonicalJson(install.plan) !== canonicalJson(desired.plan)) {
    await ports.fs.writeAtomic(layout.plan, `${JSON.stringify(desired.plan)}\n`);
  }
  // The same values may have come from another file, and an older version recorded less.
  const { valuesFiles = applied.valuesFiles } = desired;
  const known = { valuesFiles, secrets: withDigests(applied.secrets, secrets.digests) };
  if (canonicalJson(known) !== canonicalJson({ valuesFiles: applied.valuesFiles, secrets: applied.secrets })) {
    await (await openApplied(ports.fs, layout)).update(() => known);
  }
  const inside = await insideOf(desired, { install, live, changes: [] }, ports);
  const same = {
    ...summary(desired, request),
    planHash: planHashOf(desired, live),
    release: applied.release,
    changes: [],
  };
  if (request.repair !== true || inside.drift.length === 0) return { ...same, changed: false, ...inside };
  const head = { run, command: "install --repair", version: ports.assets.version, begun };
  const repaired = await recordRun(ports, layout, head, async (tell) => {
    tell({ changed: inside.drift.flatMap(({ changes }) => changes) });
    return repairInside(inside, { plan: desired.plan, install }, ports);
  });
  return { ...same, changed: true, ...repaired };
}

/** An install leaves what people changed inside services, and says so. */
function insideOf(
  { plan }: Desired,
  {
    install,
    live,
    changes,
  }: { readonly install: Install; readonly live: ObservedPlatform; readonly changes: readonly Change[] },
  ports: ActionPorts,
): Promise<FoundInside> {
  return findDriftLocked(changes, { jobs: bringUpJobs(plan), install, live }, ports);
}

async function installChanges(
  first: Desired,
  run: Run & { readonly log: RunLog },
  ports: ActionPorts,
  sources: InstallSources,
): Promise<Outcome> {
  const { request, install, log } = run;
  // What turns out not to be available is left out later; it must not stop the run here.
  const mayLack = request.withoutUnavailable === true && request.dryRun !== true;
  const anyImage = mayLack ? new Set(imagesOfPlan(first.plan).map((image) => image.reference)) : undefined;
  await withStep(ports, steps.preflight, () => sources.preflight(first, anyImage));
  const seen = await run.take("look", () => observeFor(first, install, ports));
  const agreed = comparePlan(first, install, seen, ports.target);
  requirePlan(agreed.hash, request);
  // With all data given up, the secrets that it was made with may go, too.
  const { acceptDataLoss = [] } = request;
  if (hasData(withoutLostData(install.applied, first.plan, acceptDataLoss))) requireSecrets(seen.secrets);
  if (agreed.returned.length > 0) ports.report({ type: "note", message: describeReturned(agreed.returned) });
  if (request.dryRun === true) {
    await requireAccepted(first, { install, live: seen }, ports);
    const { hash: planHash, changes } = agreed;
    const inside = await insideOf(first, { install, live: seen, changes }, ports);
    return { ...summary(first, request), planHash, changes, ...inside, changed: false, release: 0 };
  }
  throwIfInterrupted(ports.signal, "images were provided");
  // Where nothing ran yet nothing can be left half-updated, and there is no data to look at: what is there first starts first.
  const isFirst = install.plan === undefined && Object.keys(install.applied.initialised).length === 0;
  const goOn = isFirst && seen.services.size === 0;
  const provided = await run.take(steps.images.id, () => sources.provideImages(first, goOn));
  const { coming } = provided;
  try {
    const desired = await desireWith(provided, { desired: first, live: seen, mayLack, desire: run.desire }, ports);
    throwIfInterrupted(ports.signal, "anything was changed");
    await request.beforeChange?.(desired);
    const logNodesIn = async (): Promise<void> => sources.logNodesIn?.(desired);
    return { ...(await applyAndVerify(desired, run, { log, coming, logNodesIn }, ports)), planHash: agreed.hash };
  } finally {
    // After a success everything is built, and this changes nothing.
    coming?.stop();
    await coming?.ended;
  }
}

async function applyAndVerify(
  desired: Desired,
  { request, install, run, begun }: Run,
  { log, coming, logNodesIn }: Pick<ApplyRequest, "log" | "logNodesIn"> & { readonly coming: ComingImages | undefined },
  ports: ActionPorts,
): Promise<Omit<Outcome, "planHash">> {
  const live = await observeFor(desired, install, ports);
  requireNoForeignStores(desired, install, live);
  await requireAccepted(desired, { install, live }, ports);
  const planned = comparePlan(desired, install, live, ports.target);
  const { acceptDataLoss = [], timeoutSeconds, rotate, command = "install" } = request;
  const open = await openChange(
    { desired, install, run, log, live, timeoutSeconds, acceptDataLoss, rotate, imageReady: coming?.ready, logNodesIn },
    ports,
  );
  const head = { run, command, version: ports.assets.version, begun, redact: log.redact };
  const done = await recordRun(ports, install.layout, head, async (tell) => {
    tell({ changed: await summariseRun(desired, install, planned.changes, ports) });
    const applied = await applyChange(open, ports);
    tell({ revision: applied.release });
    const verified =
      request.skipVerify === true ? undefined : await verifyStep(desired, applied.install, request, ports);
    if (verified !== undefined) requireWires(verified);
    const found = await insideOf(desired, { install: applied.install, live, changes: planned.changes }, ports);
    const inside =
      request.repair === true
        ? await repairInside(found, { plan: desired.plan, install: applied.install }, ports)
        : found;
    return { release: applied.release, ...inside, ...(verified === undefined ? {} : { verify: verified }) };
  });
  return { ...summary(desired, request), changes: planned.changes, changed: true, logFile: log.path, ...done };
}

async function verifyStep(
  desired: Desired,
  install: Install,
  { name }: InstallRequest,
  ports: ActionPorts,
): Promise<VerifyResult> {
  return withStep(ports, steps.verify, () =>
    verifyPlan(
      desired.plan,
      install,
      {
        name,
        onWire: (wire) =>
          ports.report({
            type: "item",
            step: steps.verify.id,
            id: wire.wire,
            state: wire.ok ? "done" : "failed",
            ...(wire.error === undefined ? {} : { detail: wire.error }),
          }),
      },
      ports,
    ),
  );
}

function requirePlan(hash: string, request: InstallRequest): void {
  if (request.planHash === undefined || isPlanHash(request.planHash, hash)) return;
  throw new PlanChangedError(`the plan is ${shortPlanHash(hash)}, not ${shortPlanHash(request.planHash)} as agreed`, {
    hint: "values, images or the running platform changed since; look at slipway plan again",
  });
}

function summary(
  desired: Desired,
  request: InstallRequest,
): Omit<Outcome, "changed" | "planHash" | "release" | "changes"> {
  const firstPassword = firstPasswordOf(desired.plan);
  return {
    apiVersion: "slipway/v1",
    kind: "InstallResult",
    name: request.name,
    dryRun: request.dryRun === true,
    urls: urlsOf(desired.plan),
    ...(firstPassword === undefined ? {} : { firstPassword }),
    ...registrationsIn(desired.plan),
    notInstalled: notInstalledIn(desired.plan),
  };
}

function describeError(error: unknown): unknown {
  if (error instanceof InstallerError)
    return { code: error.code, message: error.message, details: error.details, stack: error.stack };
  return error instanceof Error ? { message: error.message, stack: error.stack } : { message: String(error) };
}
