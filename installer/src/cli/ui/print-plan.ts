import type { Change, PlanResult } from "../../actions/plan/plan.ts";
import { shortPlanHash } from "../../actions/plan/plan-hash.ts";
import type { Style } from "./style.ts";

const signs = { create: "+", recreate: "~", restart: "~", run: ">", remove: "-", unchanged: "=" } as const;

/** What would change, one line each with its reasons, then the counts and the hash. */
export function formatPlan(plan: PlanResult, style: Style, all: boolean): string {
  const shown = plan.changes.filter((change) => all || change.action !== "unchanged");
  const lines = shown.map((change) => formatChange(change, style));
  for (const { message, hint } of plan.impossible) {
    lines.push(style.bad(`! cannot be done: ${message}`), style.dim(`    ${hint}`));
  }
  lines.push(plan.changed ? formatCounts(plan) : style.good("no changes"));
  lines.push(
    `plan ${shortPlanHash(plan.hash)}${plan.offline ? style.dim(" (offline: compared with the records only)") : ""}`,
  );
  return lines.join("\n");
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

function formatCounts(plan: PlanResult): string {
  return Object.entries(plan.counts)
    .filter(([, count]) => count > 0)
    .map(([action, count]) => `${count} ${action}`)
    .join(", ");
}
