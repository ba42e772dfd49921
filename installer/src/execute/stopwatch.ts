import type { InstallerEvent, Report } from "../events/event.ts";
import { steps } from "../events/steps.ts";
import type { Clock } from "../platform/ports.ts";
import type { Span } from "./critical-path.ts";

/** Takes the times of a run from what it reports. */
export interface Stopwatch {
  /** Hands events on, and notes when each step, component and job began and ended. */
  readonly report: Report;
  /** Takes the time of work that reports nothing. */
  readonly take: <T>(id: string, work: () => Promise<T>) => Promise<T>;
  /** What began and ended by now. */
  readonly spans: () => readonly Span[];
}

/** A stopwatch whose times count from a moment of the same clock. */
export function startStopwatch(clock: Pick<Clock, "monotonicMs">, fromMs: number, report: Report): Stopwatch {
  const begun = new Map<string, number>();
  const spans: Span[] = [];
  const begin = (id: string): void => {
    begun.set(id, clock.monotonicMs() - fromMs);
  };
  const end = (id: string): void => {
    const beginMs = begun.get(id);
    if (beginMs !== undefined) spans.push({ id, beginMs, endMs: clock.monotonicMs() - fromMs });
    begun.delete(id);
  };
  return {
    report: (event) => {
      note(event, begin, end);
      report(event);
    },
    take: async (id, work) => {
      begin(id);
      try {
        return await work();
      } finally {
        end(id);
      }
    },
    spans: () => spans,
  };
}

/** The step that starts components counts as these. */
function note(event: InstallerEvent, begin: (id: string) => void, end: (id: string) => void): void {
  if (event.type === "step" && event.id !== steps.start.id) {
    if (event.state === "started") begin(event.id);
    else end(event.id);
  }
  if (event.type !== "item" || event.step !== steps.start.id) return;
  switch (event.state) {
    case "starting":
      begin(event.id);
      break;
    case "healthy":
      end(event.id);
      break;
    case "running":
      begin(`job:${event.id}`);
      break;
    case "done":
      end(`job:${event.id}`);
      break;
    case "waiting":
    case "unchanged":
    case "removed":
    case "failed":
  }
}
