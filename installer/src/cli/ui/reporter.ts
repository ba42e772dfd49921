import type { InstallerEvent, Report } from "../../events/event.ts";
import { type Invocation, nameCommands } from "./named-commands.ts";

/** Shows what the engine reports. */
export interface Reporter {
  readonly report: Report;
  /** Ends the display; nothing may be reported afterwards. */
  close(): Promise<void>;
}

/** Hands every event to several reporters, in order. */
export function combineReporters(reporters: readonly Reporter[]): Reporter {
  return {
    report: (event) => reporters.forEach((reporter) => reporter.report(event)),
    close: async () => {
      for (const reporter of reporters) await reporter.close();
    },
  };
}

/** Hands events on with the commands in them as they have to be typed. */
export function namedReporter(reporter: Reporter, invocation: Invocation): Reporter {
  const named = (text: string): string => nameCommands(text, invocation);
  return {
    close: () => reporter.close(),
    report: (event) => {
      if (event.type === "note") reporter.report({ ...event, message: named(event.message) });
      else if (event.type === "warning" && event.hint !== undefined)
        reporter.report({ ...event, hint: named(event.hint) });
      else if (event.type === "finding" && event.finding.remedy !== undefined)
        reporter.report({ ...event, finding: { ...event.finding, remedy: named(event.finding.remedy) } });
      else reporter.report(event);
    },
  };
}

/** Keeps what is in hand, for the answer to a second Ctrl-C. */
export function trackOpenSteps(): Reporter & { readonly open: () => readonly string[] } {
  const steps = new Map<string, string>();
  return {
    report: (event) => {
      if (event.type !== "step") return;
      if (event.state === "started") steps.set(event.id, event.title);
      else steps.delete(event.id);
    },
    close: () => Promise.resolve(),
    open: () => [...steps.values()],
  };
}

/** Remembers events, for tests. */
export function recordReporter(): Reporter & { readonly events: readonly InstallerEvent[] } {
  const events: InstallerEvent[] = [];
  return { events, report: (event) => void events.push(event), close: () => Promise.resolve() };
}
