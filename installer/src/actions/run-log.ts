import { join } from "node:path";
import type { InstallerEvent, Report } from "../events/event.ts";
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

/** Opens the log of a run; events go on to the reporter too. */
export function openRunLog(ports: Pick<ActionPorts, "fs" | "clock" | "report">, folder: string, run: string): RunLog {
  const startedAt = ports.clock.now().toISOString().replace(/[:.]/g, "-");
  const path = join(folder, `${startedAt}-${run.slice(0, 8)}.log`);
  let redactor: Redactor | undefined;
  let waiting: string[] = [];
  let last: Promise<void> = Promise.resolve();
  const write = (lines: readonly string[]): void => {
    const text = lines.map((line) => `${redactor?.(line) ?? line}\n`).join("");
    // A log that cannot be written must not stop a run.
    last = last.then(() => ports.fs.append(path, text)).catch(() => undefined);
  };
  const flush = (): void => {
    if (waiting.length > 0) write(waiting);
    waiting = [];
  };
  return {
    path,
    report: (event: InstallerEvent) => {
      waiting.push(JSON.stringify({ at: ports.clock.now().toISOString(), run, ...event }));
      if (redactor !== undefined) flush();
      if (event.type !== "debug") ports.report(event);
    },
    knowSecrets: (secrets) => {
      redactor = createRedactor(secrets);
      flush();
    },
    redact: (text) => redactor?.(text) ?? text,
    close: async () => {
      flush();
      await last;
      const logs = (await ports.fs.list(folder)).filter((name) => name.endsWith(".log"));
      for (const name of logs.slice(0, -runsKept)) await ports.fs.remove(join(folder, name));
    },
  };
}
