import type { InstallerEvent } from "../../events/event.ts";
import type { Reporter } from "./reporter.ts";
import type { Stopped } from "./reporter-plain.ts";
import { ttyReporter } from "./reporter-tty.ts";

/** The live display, with its library loaded at the first event: a command that reports nothing does not pay for it. */
export function lazyTtyReporter(stream: NodeJS.WriteStream, stopped: Stopped): Reporter {
  const waiting: InstallerEvent[] = [];
  let reporter: Reporter | undefined;
  let loading: Promise<void> | undefined;

  async function load(): Promise<void> {
    reporter = ttyReporter(stream, await import("listr2"), stopped);
    for (const event of waiting.splice(0)) reporter.report(event);
  }

  return {
    report: (event) => {
      if (event.type === "debug") return;
      if (reporter === undefined) waiting.push(event);
      else reporter.report(event);
      loading ??= load();
    },
    close: async () => {
      await loading;
      await reporter?.close();
    },
  };
}
