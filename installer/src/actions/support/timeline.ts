import { compareText } from "../../language/compare-text.ts";
import { fieldsOf } from "../../language/fields.ts";
import type { ServiceCopy } from "../../targets/live-platform.ts";
import type { HistoryResult } from "../history/history.ts";

/** Something that happened to an install. */
export interface TimelineEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly source: "run" | "step" | "container";
  readonly what: string;
}

/** Runs, when they began and how they ended. */
export function eventsOfHistory({ entries }: Pick<HistoryResult, "entries">): readonly TimelineEvent[] {
  return entries.flatMap(({ at, command = "install", version, result, ms, error }): readonly TimelineEvent[] => {
    const began: TimelineEvent = { at, source: "run", what: `${command} began, with Slipway ${version}` };
    if (ms === undefined) return [{ ...began, what: `${began.what}: ${result}` }];
    const why = error === undefined ? "" : `: ${error.code}, ${error.message}`;
    return [began, { at: later(at, ms), source: "run", what: `${command} ended: ${result}${why}` }];
  });
}

function later(at: string, ms: number): string {
  const begin = Date.parse(at);
  return Number.isNaN(begin) ? at : new Date(begin + ms).toISOString();
}

/** What a line of a run's log tells of a step or a component that failed. */
export function failedStep(line: string): TimelineEvent | undefined {
  if (!line.includes('"failed"')) return undefined;
  let fields: Readonly<Record<string, unknown>>;
  try {
    fields = fieldsOf(JSON.parse(line));
  } catch {
    return undefined;
  }
  const { type, state, detail } = fields;
  const at = fields["at"] ?? fields["time"];
  const name = fields["title"] ?? fields["id"];
  if (state !== "failed" || typeof at !== "string" || typeof name !== "string") return undefined;
  const more = typeof detail === "string" ? `: ${detail}` : "";
  return { at, source: "step", what: `${type === "item" ? "failed in a step" : "step failed"}: ${name}${more}` };
}

/** When containers started and ended, as far as the target still knows. */
export function eventsOfCopies(copies: readonly ServiceCopy[]): readonly TimelineEvent[] {
  return copies.flatMap(({ component, name, startedAt, ended, restarts }): readonly TimelineEvent[] => {
    const who = component === name ? name : `${component} (${name})`;
    const again = restarts > 0 ? `, restarts so far: ${restarts}` : "";
    const status = ended?.exitCode === undefined ? "" : ` with exit status ${ended.exitCode}`;
    const reason = ended?.reason === undefined ? "" : ` (${ended.reason})`;
    return [
      ...(startedAt === undefined ? [] : [event(startedAt, `${who} started${again}`)]),
      ...(ended?.at === undefined ? [] : [event(ended.at, `${who} ended${status}${reason}`)]),
    ];
  });
}

function event(at: string, what: string): TimelineEvent {
  return { at, source: "container", what };
}

/** One line an event, oldest first. */
export function formatTimeline(events: readonly TimelineEvent[]): string {
  const moment = ({ at }: TimelineEvent): number => Date.parse(at) || 0;
  return events
    .toSorted((a, b) => moment(a) - moment(b) || compareText(a.what, b.what))
    .map(({ at, source, what }) => `${at}  ${source.padEnd(9)}  ${what.replaceAll(/\s*\n\s*/g, " | ")}\n`)
    .join("");
}
