import type { Finding, InstallerEvent } from "../../events/event.ts";
import type { Output } from "../context.ts";
import { formatMilliseconds, formatSeconds, formatTime, printable } from "./format.ts";
import type { Reporter } from "./reporter.ts";

/** Whether the person has stopped the run: what ends then was interrupted and did not fail. */
export type Stopped = () => boolean;

const never: Stopped = () => false;

/** One line per change with the time of day: for pipes and CI. */
export function plainReporter(output: Output, now: () => Date, stopped: Stopped = never): Reporter {
  const isWorthALine = rareProgress(now);
  return {
    report: (event) => {
      if (event.type === "progress" && !isWorthALine(event)) return;
      const line = describeEvent(event, stopped());
      if (line !== undefined) output.write(`${formatTime(now())} ${line}\n`);
    },
    close: () => Promise.resolve(),
  };
}

/** An event as one line, or undefined when a person need not see it. */
export function describeEvent(event: InstallerEvent, stopped = false): string | undefined {
  switch (event.type) {
    case "step":
      return describeStep(event, stopped);
    case "item":
      return event.state === "waiting"
        ? undefined
        : `  ${event.id}: ${describeState(event.state, stopped)}${suffix(event.detail)}`;
    case "progress":
      return `  ${event.id}: ${describeProgress(event)}`;
    case "finding":
      // A failure ends the run, and the error at its end lists them all with their remedies.
      return event.finding.severity === "warning" ? describeFinding(event.finding) : undefined;
    case "note":
      return printable(event.message);
    case "warning":
      return `warning: ${printable(event.message)}${event.hint === undefined ? "" : ` (${printable(event.hint)})`}`;
    case "debug":
      return undefined;
  }
}

/** "45 %, 1 min 20 s so far, about 2 min left, compiling". */
export function describeProgress(event: InstallerEvent & { readonly type: "progress" }): string {
  const parts = [
    event.percent === undefined ? undefined : `${Math.floor(event.percent)} %`,
    event.elapsedSeconds === undefined ? undefined : `${formatSeconds(event.elapsedSeconds)} so far`,
    event.late === true ? "longer than estimated" : undefined,
    event.remainingSeconds === undefined ? undefined : `about ${formatSeconds(event.remainingSeconds)} left`,
    event.detail === undefined ? undefined : printable(event.detail),
  ];
  return parts.filter((part) => part !== undefined).join(", ") || "in progress";
}

/** A finding with its id, what was found and what to do. */
export function describeFinding(finding: Finding): string {
  const remedy = finding.remedy === undefined ? "" : ` -> ${printable(finding.remedy)}`;
  const component = finding.component === undefined ? "" : `${finding.component}: `;
  return `${finding.severity} [${finding.id}] ${component}${printable(finding.message)}${remedy}`;
}

/** The state of an item as a word. */
export function describeState(state: string, stopped: boolean): string {
  return stopped && state === "failed" ? "interrupted" : state;
}

function describeStep(event: InstallerEvent & { readonly type: "step" }, stopped: boolean): string {
  switch (event.state) {
    case "started":
      return `${event.title} ...`;
    case "done":
      return `${event.title}: done${event.ms === undefined ? "" : ` in ${formatMilliseconds(event.ms)}`}${suffix(event.detail)}`;
    case "skipped":
      return `${event.title}: skipped${suffix(event.detail)}`;
    case "failed":
      return `${event.title}: ${stopped ? "interrupted" : "FAILED"}${suffix(event.detail)}`;
  }
}

function suffix(detail: string | undefined): string {
  return detail === undefined || detail === "" ? "" : ` (${printable(detail)})`;
}

/** With a report every 5 seconds behind it, a line comes at least every 15. */
const silenceMs = 10_000;

/** Progress comes many times a second; a pipe sees each tenth once, and a line of what takes long every now and then. */
function rareProgress(now: () => Date): (event: InstallerEvent & { readonly type: "progress" }) => boolean {
  const last = new Map<string, { readonly tenth: number; readonly ms: number }>();
  return ({ step, id, percent }) => {
    const key = `${step}/${id}`;
    const before = last.get(key);
    const tenth = percent === undefined ? 0 : Math.floor(percent / 10);
    const ms = now().getTime();
    if (before?.tenth === tenth && ms - before.ms < silenceMs) return false;
    last.set(key, { tenth, ms });
    return true;
  };
}
