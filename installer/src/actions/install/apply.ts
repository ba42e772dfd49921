import { steps } from "../../events/steps.ts";
import { withoutLostData } from "../../execute/bring-up-graph.ts";
import { guardedStores, requireData } from "../../execute/data-guard.ts";
import { canonicalJson, hashOf } from "../../execute/digest.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import { type Journal, openJournal } from "../../execute/journal/journal.ts";
import { keepCurrentRevision } from "../../execute/history/revisions.ts";
import { rotateSecrets } from "../../execute/secrets/rotate-secrets.ts";
import { ensureSecrets, readSecrets, type Secrets } from "../../execute/secrets/secret-store.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import type { Identity } from "../../execute/state/records.ts";
import { type AppliedRecord, openApplied, openState } from "../../execute/state/state-store.ts";
import { completeWanted } from "../../execute/wanted.ts";
import { withStep } from "../../execute/with-step.ts";
import { imagesOf } from "../../render/rendering.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { ActionPorts } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import type { RunLog } from "../run-log.ts";
import { recordRelease } from "./record-release.ts";
import { tellPage } from "./tell-page.ts";
import { hashOfDesired, secretRequest } from "./up-to-date.ts";

export interface ApplyRequest {
  readonly desired: Desired;
  readonly install: Install;
  /** Id of this run. */
  readonly run: string;
  readonly log: RunLog;
  readonly timeoutSeconds?: number | undefined;
  /** The platform as it was before. */
  readonly live: LivePlatform;
  /** Components whose lost data is accepted. */
  readonly acceptDataLoss: readonly string[];
  /** Secrets that new ones take the place of. */
  readonly rotate?: readonly string[] | undefined;
  /** Resolves once an image is on the target; without it every image is there. */
  readonly imageReady?: ((reference: string) => Promise<void>) | undefined;
  /** Gives nodes that pull by themselves their login. */
  readonly logNodesIn?: (() => Promise<void>) | undefined;
}

export interface AppliedChange {
  readonly release: number;
  /** The install as it is recorded now. */
  readonly install: Install;
}

/** A change that may begin: the data that is there was looked at, and nothing of the platform is touched yet. */
export interface OpenChange extends ApplyRequest {
  readonly install: Install & { readonly identity: Identity };
  readonly journal: Journal;
  readonly record: AppliedRecord;
}

/**
 * Opens the records for a change, and makes sure of the data that is there; the caller holds the run lock.
 * @throws PreflightError, DataExpectedError
 */
export async function openChange(request: ApplyRequest, ports: ActionPorts): Promise<OpenChange> {
  const { desired } = request;
  const { name, layout } = request.install;
  const identity = await openState(ports, layout, { name, target: ports.target.identity });
  const journal = await openJournal(ports, layout.journal, request.run);
  const record = await openApplied(ports.fs, layout);
  const install = { ...request.install, identity, applied: record.current(), pendingPlan: desired.plan };
  await forgetLostData(request, record);
  const guarded = guardedStores(desired.rendering.stores, record.current());
  requireData(guarded, await ports.target.inspectStores(install, desired.plan, guarded));
  await keepCurrentRevision(ports.fs, install);
  return { ...request, install, journal, record };
}

/** Takes the platform to what is wanted, journalled step by step. */
export async function applyChange(open: OpenChange, ports: ActionPorts): Promise<AppliedChange> {
  const { desired, log, install, journal, record } = open;
  const { layout, identity } = install;
  await beginChange(open, ports);
  const secrets = await withStep(ports, steps.secrets, () =>
    secretsStep(desired, { ...install, journal, record }, ports),
  );
  log.knowSecrets(secrets.hidden);
  throwIfInterrupted(ports.signal, "files were written");
  const wanted = completeWanted(desired, secrets, identity.digestKey);
  // From here on another machine can go on with it: no secret is in use that only this one has.
  await ports.target.records?.push(layout, open.run);
  await open.logNodesIn?.();
  const { signal } = ports;
  const change = {
    install,
    wanted,
    journal,
    record,
    timeoutSeconds: open.timeoutSeconds,
    imageReady: open.imageReady,
  };
  const page = tellPage(desired.plan, install, open.live, ports);
  await page.begin();
  try {
    await ports.target.apply(change, { report: page.report, signal, redact: log.redact });
  } catch (error) {
    await page.end("stopped");
    throw error;
  }
  await page.end("served");
  // Also those that nothing started with: verify and the jobs that a person runs need them.
  const { imageReady } = open;
  if (imageReady !== undefined) await Promise.all(imagesOf(desired.rendering).map(imageReady));
  throwIfInterrupted(signal, "the result was recorded");
  const release = await recordRelease({ desired, layout, journal, record, secrets }, ports);
  return { release, install: await openInstall(install, ports.fs) };
}

/** A person said that these components' data may be gone: they start empty, and the jobs whose work is lost run again. */
async function forgetLostData({ desired, acceptDataLoss }: ApplyRequest, record: AppliedRecord): Promise<void> {
  if (acceptDataLoss.length === 0) return;
  await record.update((applied) => withoutLostData(applied, desired.plan, acceptDataLoss));
}

/** From here on a run that does not end well can be seen by every command. */
async function beginChange(
  { desired, install: { layout }, record, rotate = [] }: OpenChange,
  ports: ActionPorts,
): Promise<void> {
  await ports.fs.writeAtomic(layout.pendingPlan, `${canonicalJson(desired.plan)}\n`);
  await ports.failpoint("change:plan");
  const change = { at: ports.clock.now().toISOString(), hash: hashOfDesired(desired) };
  const wanted = Object.fromEntries(rotate.map((name) => [name, "wanted" as const]));
  // What an earlier run began to replace is not replaced once more.
  await record.update(({ rotation }) => ({
    change,
    ...(rotation === undefined && rotate.length === 0 ? {} : { rotation: { ...wanted, ...rotation } }),
  }));
  await ports.failpoint("change:begun");
}

async function secretsStep(
  desired: Desired,
  work: Pick<Install, "layout"> & {
    readonly identity: Identity;
    readonly journal: Journal;
    readonly record: AppliedRecord;
  },
  ports: ActionPorts,
): Promise<Secrets> {
  const { journal, record } = work;
  const wanted = secretRequest(desired, work, record.current());
  if (record.current().rotation !== undefined) await rotateSecrets(ports, wanted, record);
  return journal.step<Secrets>("secrets", hashOf(desired.plan.secrets), {
    probe: () => readSecrets(ports, wanted, record.current()),
    act: () => ensureSecrets(ports, wanted, record),
  });
}
