import type { Finding, InstallerEvent } from "../../events/event.ts";
import type { Output } from "../context.ts";
import { formatMilliseconds, formatSeconds, formatTime, printable } from "./format.ts";
import type { Reporter } from "./reporter.ts";

/** One line per change with the time of day: for pipes and CI. */
export function plainReporter(output: Output, now: () => Date): Reporter {
  const lastPercent = new Map<string, number>();
  return {
    report: (event) => {
      if (event.type === "progress" && !isNewTenth(lastPercent, `${event.step}/${event.id}`, event.percent)) return;
      const line = describeEvent(event);
      if (line !== undefined) output.write(`${formatTime(now())} ${line}\n`);
    },
    close: () => Promise.resolve(),
  };
}

/** An event as one line, or undefined when a person need not see it. */
export function describeEvent(event: InstallerEvent): string | undefined {
  switch (event.type) {
    case "step":
      return describeStep(event);
    case "item":
      return event.state === "waiting" ? undefined : `  ${event.id}: ${event.state}${suffix(event.detail)}`;
    case "progress":
      return `  ${event.id}: ${describeProgress(event)}`;
    case "finding":
      return event.finding.severity === "ok" ? undefined : describeFinding(event.finding);
    case "note":
      return printable(event.message);
    case "warning":
      return `warning: ${printable(event.message)}${event.hint === undefined ? "" : ` (${printable(event.hint)})`}`;
    case "debug":
      return undefined;
  }
}

/** "45 %, 2 min left, compiling". */
export function describeProgress(event: InstallerEvent & { readonly type: "progress" }): string {
  const parts = [
    event.percent === undefined ? undefined : `${Math.floor(event.percent)} %`,
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

function describeStep(event: InstallerEvent & { readonly type: "step" }): string {
  switch (event.state) {
    case "started":
      return `${event.title} ...`;
    case "done":
      return `${event.title}: done${event.ms === undefined ? "" : ` in ${formatMilliseconds(event.ms)}`}${suffix(event.detail)}`;
    case "skipped":
      return `${event.title}: skipped${suffix(event.detail)}`;
    case "failed":
      return `${event.title}: FAILED${suffix(event.detail)}`;
  }
}

function suffix(detail: string | undefined): string {
  return detail === undefined || detail === "" ? "" : ` (${printable(detail)})`;
}

/** Progress comes many times a second; a pipe sees each tenth once. */
function isNewTenth(last: Map<string, number>, key: string, percent: number | undefined): boolean {
  const tenth = percent === undefined ? 0 : Math.floor(percent / 10);
  if (last.get(key) === tenth) return false;
  last.set(key, tenth);
  return true;
}
