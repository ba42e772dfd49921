import { join } from "node:path";
import type { InstallerEvent, Report } from "../events/event.ts";
import { createQueue } from "../execute/in-turn.ts";
import { createRedactor, type Redactor } from "../execute/secrets/redactor.ts";
import type { ActionPorts } from "./context.ts";

const runsKept = 20;

/** The debug log of one run: every event, one JSON object a line, without any secret. */
export interface RunLog {
  readonly path: string;
  readonly report: Report;
  /** Until the secrets are known, events wait in memory. */
  readonly knowSecrets: (secrets: ReadonlyMap<string, string>) => void;
  readonly redact: Redactor;
  readonly close: () => Promise<void>;
}

export interface RunLogRequest {
  readonly folder: string;
  readonly run: string;
  /** Asked at the end of a run that ended before its secrets were known. */
  readonly readSecrets: () => Promise<ReadonlyMap<string, string>>;
}

/** Opens the log of a run; events go on to the reporter too. */
export function openRunLog(ports: Pick<ActionPorts, "fs" | "clock" | "report">, request: RunLogRequest): RunLog {
  const { folder, run } = request;
  const startedAt = ports.clock.now().toISOString().replace(/[:.]/g, "-");
  const path = join(folder, `${startedAt}-${run.slice(0, 8)}.log`);
  let redactor: Redactor | undefined;
  let waiting: string[] = [];
  const inTurn = createQueue();
  let written: Promise<void> = Promise.resolve();
  const write = (text: string): void => {
    // A log that cannot be written must not stop a run.
    written = inTurn(() => ports.fs.append(path, text)).catch(() => undefined);
  };
  const toLine = (event: InstallerEvent): string =>
    JSON.stringify({ at: ports.clock.now().toISOString(), run, ...event });
  const flush = (redact: Redactor): void => {
    if (waiting.length > 0) write(waiting.map((line) => `${redact(line)}\n`).join(""));
    waiting = [];
  };
  const know = (secrets: ReadonlyMap<string, string>): void => {
    redactor = createRedactor(secrets);
    flush(redactor);
  };
  const leaveOut = (): void => {
    const message = `${waiting.length} events are left out: the secrets they may hold could not be read`;
    write(`${toLine({ type: "debug", message })}\n`);
    waiting = [];
  };
  return {
    path,
    report: (event: InstallerEvent) => {
      waiting.push(toLine(event));
      if (redactor !== undefined) flush(redactor);
      if (event.type !== "debug") ports.report(event);
    },
    knowSecrets: know,
    redact: (text) => redactor?.(text) ?? text,
    close: async () => {
      if (waiting.length > 0) await request.readSecrets().then(know, leaveOut);
      await written;
      const logs = (await ports.fs.list(folder)).filter((name) => name.endsWith(".log"));
      for (const name of logs.slice(0, -runsKept)) await ports.fs.remove(join(folder, name));
    },
  };
}
