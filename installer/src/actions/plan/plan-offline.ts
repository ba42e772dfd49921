import { hashOf } from "../../execute/digest.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readApplied, readRecordedPlan } from "../../execute/state/state-store.ts";
import type { Plan } from "../../plan/model.ts";
import { renderCompose } from "../../render/compose/render-compose.ts";
import type { ActionPorts } from "../context.ts";
import { describeDifferences } from "./describe-differences.ts";
import { loadPlan } from "../desired/load-plan.ts";
import type { Change, ChangeAction, PlanRequest, PlanResult } from "./plan.ts";

/**
 * What an install would change by the records alone: the pure part of `plan`.
 * @throws ValuesError, UsageError, RenderError
 */
export async function planOffline(
  request: PlanRequest,
  ports: Pick<ActionPorts, "fs" | "assets">,
): Promise<PlanResult> {
  const { plan, values } = await loadPlan(request, ports);
  const layout = stateLayout(request.stateDir);
  const recorded = await readRecordedPlan(ports.fs, layout);
  const applied = await readApplied(ports.fs, layout);
  const rendering = renderCompose(plan);
  const changes = [
    ...compareUnits("component", rendering.services, applied.units, (id) =>
      describeDifferences(componentOf(recorded, id), componentOf(plan, id)),
    ),
    ...compareUnits("job", rendering.jobs, applied.jobUnits, (id) =>
      describeDifferences(jobOf(recorded, id), jobOf(plan, id)),
    ),
    ...compareUnits(
      "volume",
      rendering.volumes.map((volume) => ({ id: volume.engineName, specHash: hashOf(volume) })),
      applied.volumeUnits.map((volume) => ({ id: volume.engineName, specHash: hashOf(volume) })),
      () => ["its place changes"],
    ),
  ];
  return {
    apiVersion: "slipway/v1",
    kind: "PlanResult",
    name: request.name,
    profile: values.profile,
    hash: hashOf(plan),
    offline: true,
    changed: changes.some((change) => change.action !== "unchanged"),
    counts: countActions(changes),
    changes,
  };
}

interface Unit {
  readonly id: string;
  readonly specHash: string;
}

function compareUnits(
  subject: Change["subject"],
  wanted: readonly Unit[],
  recorded: readonly Unit[],
  reasonsOf: (id: string) => readonly string[],
): readonly Change[] {
  const before = new Map(recorded.map((unit) => [unit.id, unit]));
  const changes: Change[] = wanted.map((unit) => {
    const old = before.get(unit.id);
    if (old === undefined) return { subject, id: unit.id, action: "create", reasons: [] };
    if (old.specHash === unit.specHash) return { subject, id: unit.id, action: "unchanged", reasons: [] };
    return { subject, id: unit.id, action: subject === "job" ? "run" : "recreate", reasons: reasonsOf(unit.id) };
  });
  const gone = recorded.filter((unit) => !wanted.some((candidate) => candidate.id === unit.id));
  // A volume that is no longer in the plan holds data: nothing but a purge removes it.
  if (subject === "volume") return changes;
  return [
    ...changes,
    ...gone.map(({ id }): Change => ({ subject, id, action: "remove", reasons: ["not in the values any more"] })),
  ];
}

function countActions(changes: readonly Change[]): Readonly<Record<ChangeAction, number>> {
  const counts: Record<ChangeAction, number> = { create: 0, recreate: 0, restart: 0, run: 0, remove: 0, unchanged: 0 };
  for (const change of changes) counts[change.action] += 1;
  return counts;
}

function componentOf(plan: Plan | undefined, id: string): unknown {
  return plan?.components.find((component) => component.id === id);
}

function jobOf(plan: Plan | undefined, id: string): unknown {
  return plan?.jobs.find((job) => job.id === id);
}
