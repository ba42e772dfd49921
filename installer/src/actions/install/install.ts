import { DataExpectedError, InstallerError, PlanChangedError } from "../../errors/installer-error.ts";
import { imageReferences, planFingerprint, readLiveState } from "../../execute/docker/live-state.ts";
import { openJournal } from "../../execute/journal/journal.ts";
import { secretsThatExist } from "../../execute/secrets/secret-store.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import { openApplied, openState, readApplied, readIdentity, requirePrivate } from "../../execute/state/state-store.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { EgressReport } from "../../platform/egress-guard.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import type { GivenBundle } from "../bundle/given-bundle.ts";
import { type Desired, loadDesired } from "../desired/desired.ts";
import { applyDesired } from "./apply.ts";
import { learnDigests } from "./learn-digests.ts";
import { provideImages, requireImages, type UnavailableImage } from "./provide-images.ts";
import { preflightDesired } from "./preflight-desired.ts";
import { requireOwnDirectory } from "./own-directory.ts";
import { isUpToDate } from "./up-to-date.ts";
import { withStep } from "../with-step.ts";
import { type Change, planDesired, type PlanResult } from "../plan/plan.ts";
import { isPlanHash, shortPlanHash } from "../plan/plan-hash.ts";
import { openRunLog, type RunLog } from "../run-log.ts";
import type { RegistryOptions } from "../push/registry-options.ts";
import {
  type FirstPassword,
  firstPasswordOf,
  type NotInstalled,
  notInstalledIn,
  type PublicUrl,
  urlsOf,
} from "../status/summary.ts";
import { requireWires, verifyPlan, type VerifyResult } from "../verify/verify.ts";

export interface InstallRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Refuse unless the plan has this hash; its first digits do, from twelve on. */
  readonly planHash?: string;
  /** Stop after the preflight and say what would change. */
  readonly dryRun?: boolean;
  /** Do not prove the wires at the end. */
  readonly skipVerify?: boolean;
  /** Longest time for the whole bring-up, seconds; without it each component's own limit counts. */
  readonly timeoutSeconds?: number;
  /** Leave out components whose image can neither be found, pulled nor built, and record them as off. */
  readonly withoutUnavailable?: boolean;
  /** Components whose lost data is accepted: their empty stores are set up anew. */
  readonly acceptDataLoss?: readonly string[];
  /** Images built at the same time. */
  readonly jobs?: number;
  /** Take every image from this bundle, or from the private registry that it was pushed to. */
  readonly bundle?: GivenBundle;
  /** With a bundle: the private registry, `host[:port][/path]`, that has its images. */
  readonly registry?: string;
  /** How that registry is spoken to. */
  readonly registryOptions?: RegistryOptions;
  /** Use no network but loopback; with a bundle it is always so. */
  readonly offline?: boolean;
  /** Where image builds keep their work; inside the state directory without it. */
  readonly cacheDir?: string;
}

export interface InstallResult extends ResultHead<"InstallResult"> {
  readonly name: string;
  readonly changed: boolean;
  readonly dryRun: boolean;
  readonly planHash: string;
  readonly release: number;
  readonly changes: readonly Change[];
  readonly urls: readonly PublicUrl[];
  /** How to read the first password; absent when no login component is installed. */
  readonly firstPassword?: FirstPassword;
  readonly notInstalled: readonly NotInstalled[];
  readonly verify?: VerifyResult;
  /** Connections of an install without network: where it might go, and what was refused. */
  readonly egress?: EgressReport;
  /** What the images came from. */
  readonly bundle?: InstalledBundle;
  readonly ms: number;
  readonly logFile?: string;
}

export interface InstalledBundle {
  readonly name: string;
  readonly version: string;
  /** Digest of the root document. */
  readonly root: string;
  readonly trust: "signed" | "unsigned";
  /** Components that are left out because it was made without them. */
  readonly leftOut: readonly string[];
}

/** The parts of an install that depend on values and images; tests bring their own. */
export interface InstallSources {
  readonly load: (values: ValuesSelection, pulled?: ReadonlyMap<string, string>) => Promise<Desired>;
  readonly preflight: (desired: Desired) => Promise<void>;
  readonly provideImages: (desired: Desired) => Promise<readonly UnavailableImage[]>;
}

/**
 * Brings the platform to the state the values describe; does nothing when it is there already.
 * @throws LockedError, ValuesError, PreflightError, PlanChangedError, DataExpectedError, ApplyError, TimeoutError, WireError, InterruptedError
 */
export async function install(request: InstallRequest, ports: ActionPorts): Promise<InstallResult> {
  return installFrom(request, ports, {
    load: (values, pulled) => loadDesired({ ...request, values, ...(pulled !== undefined && { pulled }) }, ports),
    preflight: (desired) => preflightDesired(desired, request, ports),
    provideImages: (desired) => provideImages(desired, request, ports),
  });
}

/** `install` with its sources given. */
export async function installFrom(
  request: InstallRequest,
  ports: ActionPorts,
  sources: InstallSources,
): Promise<InstallResult> {
  const begin = ports.clock.monotonicMs();
  const layout = stateLayout(request.stateDir);
  const run = ports.random.uuid();
  const isNew = (await readIdentity(ports.fs, layout)) === undefined;
  if (isNew) {
    // Wrong values must not leave a state directory behind.
    await sources.load(request.values);
    await requireOwnDirectory(request.stateDir, ports);
    await requirePrivate(ports.fs, layout);
    await ports.fs.makeDirectory(request.stateDir, 0o700);
  }
  const release = await acquireRunLock(ports, layout, run);
  try {
    const outcome = await installLocked(request, ports, sources, run);
    return { ...outcome, ms: Math.round(ports.clock.monotonicMs() - begin) };
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

async function installLocked(
  request: InstallRequest,
  ports: ActionPorts,
  sources: InstallSources,
  run: string,
): Promise<Outcome> {
  const desired = await sources.load(request.values);
  const unchanged = await tryUnchanged(desired, request, ports);
  if (unchanged !== undefined) return unchanged;
  const layout = stateLayout(request.stateDir);
  const { secrets: specs } = desired.plan;
  const readHidden = () => secretsThatExist(ports.fs, { specs, folder: layout.secrets, given: desired.given });
  const log = openRunLog(ports, { folder: layout.logs, run, readSecrets: readHidden });
  const logged = { ...ports, report: log.report };
  try {
    return await installChanges(desired, request, logged, sources, { run, log });
  } catch (error) {
    log.report({ type: "debug", message: "the run failed", data: describeError(error) });
    throw error;
  } finally {
    await closeLog(log, request, ports);
  }
}

async function tryUnchanged(
  desired: Desired,
  request: InstallRequest,
  ports: ActionPorts,
): Promise<Outcome | undefined> {
  const layout = stateLayout(request.stateDir);
  const identity = await readIdentity(ports.fs, layout);
  if (identity === undefined || request.planHash !== undefined || request.dryRun === true) return undefined;
  const wanted = desired.rendering.services.map((unit) => unit.id);
  const [applied, live, imageIds] = await Promise.all([
    readApplied(ports.fs, layout),
    readLiveState(ports.docker, desired.rendering.project, wanted),
    ports.docker.imageIds(imageReferences(desired.rendering)),
  ]);
  if (!(await isUpToDate({ desired, layout, identity, applied, live, imageIds }, ports))) return undefined;
  return {
    ...summary(desired, request),
    changed: false,
    planHash: planFingerprint(desired.plan, desired.rendering, imageIds, live.containers),
    release: applied.release,
    changes: [],
  };
}

async function installChanges(
  first: Desired,
  request: InstallRequest,
  ports: ActionPorts,
  sources: InstallSources,
  current: { readonly run: string; readonly log: RunLog },
): Promise<Outcome> {
  let desired = first;
  let { values } = request;
  let unavailable: readonly UnavailableImage[] | undefined;
  if (request.withoutUnavailable === true && request.dryRun !== true) {
    ({ desired, unavailable, values } = await leaveOutUnavailable(desired, request, ports, sources));
  }
  await withStep(ports, "preflight", "Check this host", () => sources.preflight(desired));
  const planned = await planDesired(desired, request, ports);
  requirePlan(planned, request);
  const outcome = { ...summary(desired, request), planHash: planned.hash, changes: planned.changes };
  if (request.dryRun === true) return { ...outcome, changed: false, release: 0 };
  throwIfInterrupted(ports.signal, "images were provided");
  unavailable ??= await withStep(ports, "images", "Provide images", () => sources.provideImages(desired));
  requireImages(unavailable);
  const pulled = await learnDigests(desired, ports);
  if (pulled.size > 0) desired = await sources.load(values, pulled);
  throwIfInterrupted(ports.signal, "anything was changed");
  const release = await applyChanges(desired, request, ports, current);
  const verified = request.skipVerify === true ? undefined : await verifyStep(desired, request, ports);
  if (verified !== undefined) requireWires(verified);
  return {
    ...outcome,
    changed: true,
    release,
    logFile: current.log.path,
    ...(verified === undefined ? {} : { verify: verified }),
  };
}

async function applyChanges(
  desired: Desired,
  request: InstallRequest,
  ports: ActionPorts,
  current: { readonly run: string; readonly log: RunLog },
): Promise<number> {
  const layout = stateLayout(request.stateDir);
  await requireNoForeignVolumes(desired, request, ports);
  const identity = await openState(ports, layout, request.name);
  const journal = await openJournal(ports, layout.journal, current.run);
  const record = await openApplied(ports.fs, layout);
  const { timeoutSeconds, acceptDataLoss = [] } = request;
  return applyDesired(
    { desired, layout, identity, journal, record, log: current.log, timeoutSeconds, acceptDataLoss },
    ports,
  );
}

/** Volumes of an install whose state is gone: with new passwords their data could not be opened. */
async function requireNoForeignVolumes(desired: Desired, request: InstallRequest, ports: ActionPorts): Promise<void> {
  const identity = await readIdentity(ports.fs, stateLayout(request.stateDir));
  const found = await ports.docker.volumes({ "dev.slipway.name": request.name });
  const wanted = new Set(desired.rendering.volumes.map((volume) => volume.engineName));
  const foreign = found.filter(
    (volume) => wanted.has(volume.name) && volume.labels["dev.slipway.install"] !== identity?.uuid,
  );
  if (foreign.length === 0) return;
  throw new DataExpectedError(
    `volumes of another install named ${request.name} exist, and its state is not in ${request.stateDir}`,
    {
      details: foreign.map((volume) => volume.name),
      hint: "use the --state-dir of that install, choose another --name, or remove the volumes when nobody needs their data",
    },
  );
}

/** Tries to get every image first; what cannot be had and can be left out becomes `mode: off`. */
async function leaveOutUnavailable(
  desired: Desired,
  request: InstallRequest,
  ports: ActionPorts,
  sources: InstallSources,
): Promise<Pick<InstallRequest, "values"> & { desired: Desired; unavailable: readonly UnavailableImage[] }> {
  const unavailable = await withStep(ports, "images", "Provide images", () => sources.provideImages(desired));
  if (unavailable.length === 0) return { desired, unavailable, values: request.values };
  const components = [...new Set(unavailable.flatMap((image) => image.components))];
  const values = { ...request.values, without: [...request.values.without, ...components] };
  const smaller = await sources.load(values).catch((error: unknown) => {
    if (error instanceof InstallerError) requireImages(unavailable);
    throw error;
  });
  for (const image of unavailable) {
    ports.report({
      type: "warning",
      message: `${image.components.join(", ")} is left out: ${image.reference} cannot be had (${image.reason})`,
      hint: "install again once the image can be reached, with --set <component>.mode=embedded",
    });
  }
  return { desired: smaller, unavailable: [], values };
}

async function verifyStep(desired: Desired, request: InstallRequest, ports: ActionPorts): Promise<VerifyResult> {
  return withStep(ports, "verify", "Prove every connection", () =>
    verifyPlan(
      desired.plan,
      {
        name: request.name,
        stateDir: request.stateDir,
        onWire: (wire) =>
          ports.report({
            type: "item",
            step: "verify",
            id: wire.wire,
            state: wire.ok ? "done" : "failed",
            ...(wire.error === undefined ? {} : { detail: wire.error }),
          }),
      },
      ports,
    ),
  );
}

function requirePlan(planned: PlanResult, request: InstallRequest): void {
  if (request.planHash === undefined || isPlanHash(request.planHash, planned.hash)) return;
  throw new PlanChangedError(
    `the plan is ${shortPlanHash(planned.hash)}, not ${shortPlanHash(request.planHash)} as agreed`,
    {
      hint: "values, images or the running platform changed since; look at slipway plan again",
    },
  );
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
    notInstalled: notInstalledIn(desired.plan),
  };
}

/** Nothing is left of a run that stopped before there was a state directory. */
async function closeLog(log: RunLog, request: InstallRequest, ports: ActionPorts): Promise<void> {
  if (await ports.fs.exists(stateLayout(request.stateDir).logs)) await log.close();
}

function describeError(error: unknown): unknown {
  if (error instanceof InstallerError)
    return { code: error.code, message: error.message, details: error.details, stack: error.stack };
  return error instanceof Error ? { message: error.message, stack: error.stack } : String(error);
}
