import { PreflightError } from "../../errors/installer-error.ts";
import { readRevision, type Revision } from "../../execute/history/revisions.ts";
import { readRuns } from "../../execute/history/run-history.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { type ActionPorts, type InstallTarget, recordedValues, type ResultHead } from "../context.ts";
import { desiredAt } from "../desired/desired-at.ts";
import { compareValues, type ValueDifference } from "../history/compare-values.ts";
import { headOf, requireRevisions, type RevisionHead } from "../history/known-revisions.ts";
import { installFrom, type InstallSources } from "../install/install.ts";
import type { InstallResult } from "../install/install-request.ts";
import { preflightDesired } from "../install/preflight-desired.ts";
import { provideImages, requireImages } from "../install/provide-images.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { requireSamePrograms } from "./same-programs.ts";

export interface RollbackRequest extends InstallTarget {
  /** The revision to go back to; if absent, the last one that was complete and is not in effect. */
  readonly to?: number;
  /** Say what would change; change nothing. */
  readonly dryRun?: boolean;
  /** Do not prove the wires at the end. */
  readonly skipVerify?: boolean;
  /** Longest time for the whole bring-up, seconds; without it each component's own limit counts. */
  readonly timeoutSeconds?: number;
}

export interface RollbackResult
  extends ResultHead<"RollbackResult">,
    Pick<InstallResult, "name" | "changed" | "dryRun" | "changes" | "urls" | "verify" | "logFile"> {
  /** The revision that the platform is as again. */
  readonly to: RevisionHead;
  /** Number of the revision that is in effect now; 0 of a dry run. */
  readonly revision: number;
  /** Values that are again as they were: `from` what they were before this run. */
  readonly values: readonly ValueDifference[];
  /** Milliseconds that all of it took. */
  readonly ms: number;
}

/** What a rollback takes of the world beside its ports; tests bring their own. */
export interface RollbackSources extends Partial<Pick<InstallSources, "preflight" | "provideImages">> {
  readonly desire?: typeof desiredAt;
}

/**
 * Makes the platform what it was at a revision: its values, its plan, its images. Data stays as it is, and so do secrets: what people did since
 * is not undone. After a change that did not end well it is the way back from it. It is an install of what was recorded: interrupted anywhere,
 * the same command finishes it.
 * @throws UsageError when there is no such revision; PreflightError when its data may be of another form by now, or its images are gone;
 * LockedError, ApplyError, TimeoutError, WireError and InterruptedError as an install
 */
export async function rollback(
  request: RollbackRequest,
  ports: ActionPorts,
  { desire = desiredAt, ...sources }: RollbackSources = {},
): Promise<RollbackResult> {
  const { name, stateDir, dryRun, skipVerify, timeoutSeconds } = request;
  const found = await openInstall(request, ports.fs);
  await requireInstalledHere(found, ports);
  const known = await requireRevisions(request.to === undefined ? [] : [request.to], found, ports.fs);
  const { to = await lastGood(found, known, ports) } = request;
  const revision = await readRevision(ports.fs, found, to);
  requireSameVersion(revision, ports);
  const before = (await ports.fs.readTextIfPresent(found.layout.values)) ?? "";
  const wanted = {
    ...{ name, stateDir, values: recordedValues, command: commandTo(to) },
    ...(dryRun === undefined ? {} : { dryRun }),
    ...(skipVerify === undefined ? {} : { skipVerify }),
    ...(timeoutSeconds === undefined ? {} : { timeoutSeconds }),
  };
  const done = await installFrom(wanted, ports, {
    openDesire: async () => {
      // Only now nobody else can change what there is.
      requireSamePrograms(revision, await openInstall(request, ports.fs));
      const desired = await desire(revision, { name, stateDir }, ports);
      return () => Promise.resolve(desired);
    },
    preflight: (desired, availableImages) =>
      preflightDesired(desired, request, ports, availableImages && { availableImages }),
    provideImages: async (desired) => {
      const provided = await provideImages(desired, { stateDir, goOn: false }, ports);
      requireImages(provided.unavailable, desired.values);
      return provided;
    },
    ...sources,
  });
  const { changed, changes, urls, verify, logFile, release, ms } = done;
  return {
    ...{ apiVersion: "slipway/v1", kind: "RollbackResult", name },
    ...{ dryRun: done.dryRun, to: headOf(revision), values: compareValues(before, revision.values) },
    ...{ changed, changes, urls, revision: release, ms },
    ...(verify === undefined ? {} : { verify }),
    ...(logFile === undefined ? {} : { logFile }),
  };
}

/** As the history calls it, with the number also where nobody gave one. */
function commandTo(revision: number): string {
  return `rollback ${revision}`;
}

/**
 * After a change that did not end well what was before it, or where it was on its way to if it was itself a rollback; else the revision before
 * that in effect.
 */
async function lastGood(
  { name, applied, layout }: Install,
  known: readonly number[],
  { fs }: Pick<ActionPorts, "fs">,
): Promise<number> {
  const isOpen = applied.change !== undefined;
  const last = isOpen ? (await readRuns(fs, layout.history)).at(-1)?.command : undefined;
  const number =
    known.find((one) => commandTo(one) === last) ?? known.findLast((one) => isOpen || one < applied.release);
  if (number !== undefined) return number;
  throw new PreflightError(`${name} has only one revision, and it is in effect`, {
    hint: "slipway history says what was done",
  });
}

/** What another version described, only that one is known to make again. */
function requireSameVersion({ revision, version }: Revision, { assets }: Pick<ActionPorts, "assets">): void {
  if (version === assets.version) return;
  throw new PreflightError(`revision ${revision} was installed by Slipway ${version}, and this is ${assets.version}`, {
    hint: `take Slipway ${version} to go back to it; nothing was changed`,
  });
}
