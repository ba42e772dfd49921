import type { Output } from "../context.ts";
import type { Reporter } from "./reporter.ts";

/** One event a line, as JSON, with the time it was reported. */
export function jsonReporter(output: Output, now: () => Date): Reporter {
  return {
    report: (event) => {
      if (event.type === "debug") return;
      output.write(`${JSON.stringify({ time: now().toISOString(), ...event })}\n`);
    },
    close: () => Promise.resolve(),
  };
}
