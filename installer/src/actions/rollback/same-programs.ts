import { PreflightError } from "../../errors/installer-error.ts";
import type { Revision } from "../../execute/history/revisions.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Component, Plan } from "../../plan/model.ts";

/**
 * Sees to it that no data is handed to another program than the one that wrote it last: a newer program may have brought its data to a form that
 * the older one cannot read.
 * @throws PreflightError naming the stores
 */
export function requireSamePrograms({ revision, plan }: Revision, { plan: current, pendingPlan }: Install): void {
  const since = [current, pendingPlan].filter((one) => one !== undefined);
  const others = plan.components.filter((component) => since.some((one) => servedByAnother(component, one)));
  if (others.length === 0) return;
  const names = others.map(({ id }) => id).join(", ");
  throw new PreflightError(
    `${names} ${others.length === 1 ? "runs" : "run"} with another program than at revision ${revision}, which may not read the data of today`,
    {
      hint: "bring the data back, too, with slipway restore from a backup of that time, under another name or after an uninstall; nothing was changed",
    },
  );
}

/** Whether a component that has data runs from another image in a plan. */
export function servedByAnother({ id, volumes, databases, workload }: Component, since: Plan): boolean {
  // What has a database in another's store brings that to its own form.
  const hasData = databases.length > 0 || volumes.some(({ dataClass }) => dataClass !== "ephemeral");
  if (workload === undefined || !hasData) return false;
  const now = since.components.find((component) => component.id === id)?.workload;
  return now !== undefined && now.container.image.reference !== workload.container.image.reference;
}
