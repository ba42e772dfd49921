import { type RecordedRun, readRuns } from "../../execute/history/run-history.ts";
import { listRevisions, readRevision } from "../../execute/history/revisions.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import { compareText } from "../../language/compare-text.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";

export type HistoryRequest = InstallTarget;

/** One thing that was done to an install. */
export type HistoryEntry = Pick<RecordedRun, "at" | "version" | "changed"> &
  Partial<Pick<RecordedRun, "command" | "ms" | "revision" | "error">> & {
    /** `open`: it is under way, or was cut off so that it could not say how it ended. */
    readonly result: NonNullable<RecordedRun["result"]> | "open";
  };

export interface HistoryResult extends ResultHead<"HistoryResult"> {
  readonly name: string;
  /** The revision in effect; 0 before anything was installed completely. */
  readonly revision: number;
  /** Revisions that `slipway diff` can compare, oldest first. */
  readonly revisions: readonly number[];
  /** Oldest first. */
  readonly entries: readonly HistoryEntry[];
}

export type HistoryPorts = Pick<ActionPorts, "fs"> & Partial<Pick<ActionPorts, "target">>;

/**
 * What was done to an install, by its records.
 * @throws PreflightError when nothing is installed, or a record is damaged
 */
export async function history(request: HistoryRequest, ports: HistoryPorts): Promise<HistoryResult> {
  const install = await openInstall(request, ports.fs);
  const runs = await readRuns(ports.fs, install.layout.history);
  // A first install may have failed before there was a plan.
  if (runs.length === 0) await requireInstalledHere(install, ports);
  const revisions = await listRevisions(ports.fs, install);
  const untold = revisions.filter((number) => !runs.some(({ revision }) => revision === number));
  const older = await Promise.all(untold.map((number) => entryOfRevision(install, number, ports)));
  return {
    apiVersion: "slipway/v1",
    kind: "HistoryResult",
    name: install.name,
    revision: install.applied.release,
    revisions,
    entries: [...older, ...runs.map(entryOfRun)].toSorted((a, b) => compareText(a.at, b.at)),
  };
}

function entryOfRun({ at, command, version, changed, ...more }: RecordedRun): HistoryEntry {
  const { result = "open", ms, revision, error } = more;
  return {
    at,
    command,
    version,
    result,
    changed,
    ...(ms !== undefined && { ms }),
    ...(revision !== undefined && { revision }),
    ...(error !== undefined && { error }),
  };
}

/** A version that kept no history installed it. */
async function entryOfRevision(install: Install, number: number, { fs }: HistoryPorts): Promise<HistoryEntry> {
  const { revision, at, version } = await readRevision(fs, install, number);
  return { revision, at, version, result: "complete", changed: [] };
}
