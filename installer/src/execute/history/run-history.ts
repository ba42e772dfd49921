import { InstallerError } from "../../errors/installer-error.ts";
import type { ErrorCode } from "../../errors/exit-codes.ts";
import type { Report } from "../../events/event.ts";
import { hasFields } from "../../language/fields.ts";
import type { Clock, FileSystem } from "../../platform/ports.ts";
import type { StateLayout } from "../state/layout.ts";

/** What one run did to an install. */
export interface RecordedRun {
  readonly v: 1;
  readonly run: string;
  /** With its components or job: `restart redis`. Values are not part of it. */
  readonly command: string;
  /** Version of the program that ran. */
  readonly version: string;
  readonly at: string;
  /** Absent while it is under way, and of one that was killed until the next one begins. */
  readonly result?: "complete" | "failed" | "interrupted" | "cut-off";
  readonly ms?: number;
  /** The revision that is in effect since. */
  readonly revision?: number;
  /** In a few words each; of a run that did not end well, what it was to change. */
  readonly changed: readonly string[];
  readonly error?: { readonly code: ErrorCode; readonly message: string };
}

/** What a run tells about itself while it is under way. */
export type RunFacts = Partial<Pick<RecordedRun, "changed" | "revision">>;

export interface RunBegin {
  readonly at: Date;
  readonly monotonicMs: number;
}

export interface RunHead extends Pick<RecordedRun, "run" | "command" | "version"> {
  /** When the command began; this moment when left out. */
  readonly begun?: RunBegin;
  /** Takes secrets out of what an error says. */
  readonly redact?: (text: string) => string;
}

export interface RunHistoryPorts {
  readonly fs: Pick<FileSystem, "readTextIfPresent" | "writeAtomic">;
  readonly clock: Pick<Clock, "now" | "monotonicMs">;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/** Older ones are forgotten. */
export const runsKept = 200;

/**
 * Does what changes an install, and records that it was done, with which result and in how long. A run that changed nothing is
 * forgotten again. The caller holds the run lock.
 */
export async function recordRun<T>(
  ports: RunHistoryPorts,
  { history }: Pick<StateLayout, "history">,
  head: RunHead,
  work: (tell: (facts: RunFacts) => void) => Promise<T>,
): Promise<T> {
  const { run, command, version } = head;
  const { begun = { at: ports.clock.now(), monotonicMs: ports.clock.monotonicMs() } } = head;
  const earlier = (await readRuns(ports.fs, history)).map(closed);
  const open: RecordedRun = { v: 1, run, command, version, at: begun.at.toISOString(), changed: [] };
  const write = (last: readonly RecordedRun[]) => writeRuns(ports.fs, history, [...earlier, ...last]);
  await write([open]);
  let facts: RunFacts = {};
  const end = async (outcome: Pick<RecordedRun, "result" | "error">): Promise<void> => {
    const changedNothing = outcome.result === "complete" && facts.revision === undefined && facts.changed?.length === 0;
    const ms = Math.round(ports.clock.monotonicMs() - begun.monotonicMs);
    // The change itself is done, or failed for a reason of its own, whatever becomes of its record.
    await write(changedNothing ? [] : [{ ...open, ...facts, ...outcome, ms }]).catch((error: unknown) =>
      ports.report({
        type: "warning",
        message: `how this run ended cannot be recorded in ${history}: ${error instanceof Error ? error.message : String(error)}`,
        hint: "slipway status tells how the platform is",
      }),
    );
  };
  try {
    const done = await work((more) => {
      facts = { ...facts, ...more };
    });
    await end({ result: "complete" });
    return done;
  } catch (error) {
    // What fails after Ctrl-C is a consequence of it, whatever it is.
    await end(ports.signal.aborted ? { result: "interrupted" } : failureOf(error, head.redact));
    throw error;
  }
}

function failureOf(error: unknown, redact = (text: string) => text): Pick<RecordedRun, "result" | "error"> {
  const code = error instanceof InstallerError ? error.code : "INTERNAL";
  const message = redact(error instanceof Error ? error.message : String(error)).slice(0, longestMessage);
  return { result: code === "INTERRUPTED" ? "interrupted" : "failed", error: { code, message } };
}

const longestMessage = 500;

/** Whoever holds the lock knows that an earlier run without an end is gone. */
function closed(run: RecordedRun): RecordedRun {
  return run.result === undefined ? { ...run, result: "cut-off" } : run;
}

/** The runs that are known, oldest first. A line that cannot be read does not hide the others. */
export async function readRuns(
  fs: Pick<FileSystem, "readTextIfPresent">,
  path: string,
): Promise<readonly RecordedRun[]> {
  const text = (await fs.readTextIfPresent(path)) ?? "";
  return text.split("\n").flatMap((line) => {
    try {
      const parsed: unknown = JSON.parse(line);
      return isRun(parsed) ? [parsed] : [];
    } catch {
      return [];
    }
  });
}

/** One that a person ended was meant to end. */
export function endedBadly({ result }: Pick<RecordedRun, "result">): boolean {
  return result === "failed" || result === "cut-off";
}

/** The command without the components or the job that it was about: `restart`, `backup create`. */
export function commandOf({ command }: Pick<RecordedRun, "command">): string {
  const [first = "", second = ""] = command.split(" ");
  return groups.includes(first) ? `${first} ${second}` : first;
}

/** Commands whose second word is a command, too. */
const groups: readonly string[] = ["backup", "housekeeping", "secrets"];

function isRun(value: unknown): value is RecordedRun {
  if (!hasFields(value)) return false;
  return typeof value["at"] === "string" && typeof value["command"] === "string" && Array.isArray(value["changed"]);
}

async function writeRuns(
  fs: Pick<FileSystem, "writeAtomic">,
  path: string,
  runs: readonly RecordedRun[],
): Promise<void> {
  const lines = runs.slice(-runsKept).map((run) => `${JSON.stringify(run)}\n`);
  await fs.writeAtomic(path, lines.join(""), { mode: 0o600 });
}
