import { appendFileSync, chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { ErrorCode } from "../../errors/exit-codes.ts";
import { InstallerError } from "../../errors/installer-error.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import type { InstallerEvent } from "../../events/event.ts";
import { errorChain } from "../print-error.ts";
import type { Reporter } from "./reporter.ts";
import { createFolderRedactor } from "./redact.ts";

const keptLogs = 20;
const keptEvents = 2000;

/** `always`: from the first event on; `failure`: only a failure makes a file; `by-action`: the action writes a log itself, and a file is made only where it failed before it could. */
export type LogKeeping = "always" | "failure" | "by-action";

export interface LogFileOptions {
  readonly stateDir: string;
  readonly command: string;
  readonly now: () => Date;
  readonly keep: LogKeeping;
  /** Where a log goes while there is no state directory. */
  readonly fallbackDir: string;
}

/** The debug log of one run: every event, one JSON object a line, without secrets. */
export interface LogFile extends Reporter {
  /** Path of the file, once there is one. */
  path(): string | undefined;
  failure(error: unknown): void;
}

/** Opens the log of a run. A log that cannot be written never fails the run. */
export function openLogFile(options: LogFileOptions): LogFile {
  const layout = stateLayout(options.stateDir);
  const redact = createFolderRedactor(layout.secrets);
  const startedAt = options.now().getTime();
  /** For any other command it would be the log of a run beside it. */
  const ofAction = (): string | undefined =>
    options.keep === "by-action" ? logOfAction(layout.logs, startedAt) : undefined;
  const waiting: string[] = [];
  let file: string | undefined;
  let broken = false;

  function write(line: string): void {
    if (broken) return;
    if (file === undefined && options.keep === "always")
      file = existsSync(layout.format) ? createLog(layout.logs, options) : undefined;
    if (file === undefined) {
      if (waiting.length < keptEvents) waiting.push(line);
      return;
    }
    const lines = [...waiting.splice(0), line];
    try {
      appendFileSync(file, `${lines.map(redact).join("\n")}\n`);
    } catch {
      broken = true;
    }
  }

  return {
    report: (event) => write(formatEvent(event, options.now())),
    close: () => Promise.resolve(),
    path: () => (broken ? undefined : (file ?? ofAction())),
    failure: (error) => {
      if (file === undefined && isOrdinary(error)) return;
      const own = file === undefined ? ofAction() : undefined;
      // It has the events already; what is missing is the error with its causes.
      if (own !== undefined) waiting.length = 0;
      file ??= own ?? createLog(existsSync(layout.format) ? layout.logs : options.fallbackDir, options);
      for (const line of errorChain(error))
        write(JSON.stringify({ time: options.now().toISOString(), type: "failure", error: line }));
    },
  };
}

/** What the one line on the terminal says completely needs no file. */
function isOrdinary(error: unknown): boolean {
  return error instanceof InstallerError && ordinaryCodes.includes(error.code);
}

const ordinaryCodes: readonly ErrorCode[] = [
  "USAGE",
  "VALUES_INVALID",
  "PREFLIGHT_FAILED",
  "ABORTED",
  "WIRE_FAILED",
  "PLAN_CHANGED",
  "DATA_EXPECTED",
  "LOCKED",
  "INTERRUPTED",
];

function formatEvent(event: InstallerEvent, time: Date): string {
  return JSON.stringify({ time: time.toISOString(), ...event });
}

/** The log an action wrote for itself during this run, an install for example. */
function logOfAction(folder: string, since: number): string | undefined {
  try {
    const logs = readdirSync(folder).map((name) => join(folder, name));
    return logs
      .filter((path) => /\/\d[^/]*\.log$/.test(path) && statSync(path).mtimeMs >= since)
      .toSorted()
      .at(-1);
  } catch {
    return undefined;
  }
}

/** A new file only its owner reads; the oldest of many go. Undefined when the place cannot be written. */
function createLog(folder: string, options: LogFileOptions): string | undefined {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stamp = options.now().toISOString().replace(/[:.]/g, "-");
    const name = `slipway-${stamp}-${options.command.replaceAll(" ", "-")}.log`;
    const path = join(folder, name);
    appendFileSync(path, "", { mode: 0o600 });
    chmodSync(path, 0o600);
    if (folder !== options.fallbackDir) removeOld(folder);
    return path;
  } catch {
    return undefined;
  }
}

function removeOld(folder: string): void {
  const logs = readdirSync(folder)
    .filter((name) => name.startsWith("slipway-") && name.endsWith(".log"))
    .toSorted();
  for (const name of logs.slice(0, Math.max(0, logs.length - keptLogs))) rmSync(join(folder, name), { force: true });
}
