import type { InstallerEvent } from "../../events/event.ts";
import type { Output } from "../context.ts";
import type { ErrorResult } from "../print-error.ts";
import type { Reporter } from "./reporter.ts";

/** One line of `--log-format json`. */
export type JsonEvent = Timed &
  (
    | Exclude<InstallerEvent, { readonly type: "debug" }>
    /** The last line of a command that fails. */
    | { readonly type: "error"; readonly error: ErrorResult }
  );

interface Timed {
  /** When it was reported, as in `2026-11-21T10:00:00.000Z`. */
  readonly time: string;
}

/** One event a line, as JSON, with the time it was reported. */
export function jsonReporter(output: Output, now: () => Date): Reporter {
  return {
    report: (event) => {
      if (event.type === "debug") return;
      writeEvent(output, { time: now().toISOString(), ...event });
    },
    close: () => Promise.resolve(),
  };
}

/** Writes one event on a line of its own. */
export function writeEvent(output: Output, event: JsonEvent): void {
  output.write(`${JSON.stringify(event)}\n`);
}
