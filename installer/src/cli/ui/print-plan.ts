import type { FoundInside } from "../../actions/plan/find-drift.ts";
import type { Change, PlanResult } from "../../actions/plan/plan.ts";
import type { MovedAddress } from "../../actions/plan/moved.ts";
import { shortPlanHash } from "../../actions/plan/plan-hash.ts";
import type { PlanTotals } from "../../actions/plan/totals.ts";
import { describeBytes } from "../../values/quantity.ts";
import { printable } from "./format.ts";
import type { DriftResult } from "../../actions/status/drift.ts";
import type { Style } from "./style.ts";

const signs = { create: "+", recreate: "~", restart: "~", run: ">", remove: "-", unchanged: "=" } as const;

/** What would change, one line each with its reasons, then the counts and the hash. */
export function formatPlan(plan: PlanResult, style: Style, all: boolean): string {
  const shown = plan.changes.filter((change) => all || change.action !== "unchanged");
  const lines = shown.map((change) => formatChange(change, style));
  lines.push(...formatImpossible(plan.impossible, style));
  lines.push(...formatMoved(plan.moved ?? [], style));
  lines.push(...formatInside(plan, style));
  if (plan.returned.length > 0) {
    lines.push(
      "recorded values that are not given any more, with what holds again:",
      ...plan.returned.map(({ path, from, to }) => style.dim(`    ${printable(`${path} ${from} → ${to}`)}`)),
    );
  }
  if (plan.totals !== undefined) lines.push(...formatTotals(plan.totals, style));
  if (plan.changed) lines.push(...formatRegistrations(plan, style));
  lines.push(plan.changed ? formatCounts(plan) : style.good("no changes"));
  lines.push(
    `plan ${shortPlanHash(plan.hash)}${plan.offline ? style.dim(" (offline: compared with the records only)") : ""}`,
  );
  return lines.join("\n");
}

/** What is not as it was installed, and what sets it right. */
export function formatDrift({ changes, impossible, drifted, ...inside }: DriftResult, style: Style): string {
  const lines = changes.map((change) => formatChange(change, style));
  lines.push(...formatImpossible(impossible, style), ...formatInside(inside, style));
  if (!drifted) lines.push(style.good("everything is as it was installed"));
  if (changes.length > 0) lines.push("slipway install sets this right");
  if (inside.drift.length > 0) lines.push("slipway install --repair sets right what was changed inside services, too");
  return lines.join("\n");
}

function formatImpossible(impossible: PlanResult["impossible"], style: Style): readonly string[] {
  return impossible.flatMap(({ message, hint }) => [
    style.bad(`! cannot be done: ${message}`),
    style.dim(`    ${hint}`),
  ]);
}

/** Everything inside follows by itself; what others keep does not. */
function formatMoved(moved: readonly MovedAddress[], style: Style): readonly string[] {
  if (moved.length === 0) return [];
  return [
    style.warn("! addresses move, and nothing answers at the old ones any more:"),
    ...moved.map(({ from, to }) => style.dim(`    ${from} → ${to}`)),
    style.dim(
      "    sign-in, links to files and Git follow by themselves; people sign in again, links given out before end, and bookmarks, git remotes, clients and DNS are for whoever keeps them",
    ),
  ];
}

/** What somebody changed or made inside services since. Both quote what others wrote. */
export function formatInside({ drift = [], noted = [] }: Partial<FoundInside>, style: Style): readonly string[] {
  const below = (lines: readonly string[]) => lines.map((line) => style.dim(`    ${printable(line)}`));
  return [
    ...drift.flatMap(({ job, component, changes }) => [
      style.warn(`! changed inside ${component} since; an install leaves it, slipway run ${job} would:`),
      ...below(changes),
    ]),
    ...noted.flatMap(({ job, component, notes }) => [
      style.warn(`! made inside ${component} by somebody; slipway run ${job} leaves it, too:`),
      ...below(notes),
    ]),
  ];
}

/** What must be entered somewhere else. */
export function formatRegistrations(
  { registrations = [] }: Pick<PlanResult, "registrations">,
  style: Style,
): readonly string[] {
  return registrations.flatMap(({ place, what, value }) => [
    `  to be entered at ${printable(place)}, as ${printable(what.en)}:`,
    `    ${style.bold(printable(value))}`,
  ]);
}

/** One change with the reasons below it; that something is created because it is new needs no saying. */
export function formatChange(change: Change, style: Style): string {
  const paint = {
    create: style.good,
    remove: style.bad,
    recreate: style.warn,
    restart: style.warn,
    run: style.good,
    unchanged: style.dim,
  }[change.action];
  const head = paint(`${signs[change.action]} ${change.action} ${change.subject} ${change.id}`);
  return [
    head,
    ...change.reasons.filter((reason) => reason !== "new").map((reason) => style.dim(`    ${reason}`)),
  ].join("\n");
}

/** What a new platform takes of the host, and where it will be. */
function formatTotals({ components, memoryMiB, diskGiB, ports, urls }: PlanTotals, style: Style): readonly string[] {
  const width = Math.max(0, ...urls.map(({ title }) => title.en.length));
  const mebibyte = 2 ** 20;
  return [
    `${components} components: at most ${describeBytes(memoryMiB * mebibyte)} of memory, data of ${describeBytes(diskGiB * 1024 * mebibyte)} expected`,
    ...(ports.length === 0 ? [] : [`ports: ${ports.map((port) => `${port.address}:${port.hostPort}`).join(", ")}`]),
    ...urls.map(({ title, url }) => `  ${title.en.padEnd(width)}  ${style.bold(url)}`),
  ];
}

function formatCounts(plan: PlanResult): string {
  return Object.entries(plan.counts)
    .filter(([, count]) => count > 0)
    .map(([action, count]) => `${count} ${action}`)
    .join(", ");
}
