import type { Plan } from "../../plan/model.ts";
import type { Opening } from "../../render/rendering.ts";
import type { TargetRules } from "../../targets/target.ts";
import { type PublicUrl, urlsOf } from "../status/summary.ts";

/** What a platform takes of its host, and where it is reached. */
export interface PlanTotals {
  /** Components that run here. */
  readonly components: number;
  /** The limits of all their containers together; what is used is less. */
  readonly memoryMiB: number;
  /** The expected sizes of all data together. */
  readonly diskGiB: number;
  readonly ports: readonly Opening[];
  readonly urls: readonly PublicUrl[];
}

/** Sums up a plan for a target. */
export function totalsOf(plan: Plan, target: Pick<TargetRules, "openings">): PlanTotals {
  const running = plan.components.flatMap((component) =>
    component.workload === undefined ? [] : [{ ...component, workload: component.workload }],
  );
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  return {
    components: running.length,
    memoryMiB: sum(running.map(({ workload }) => workload.replicas * workload.container.resources.memoryMiB)),
    diskGiB: sum(running.flatMap(({ volumes }) => volumes.map(({ sizeGiB }) => sizeGiB))),
    ports:
      target.openings?.(plan) ??
      running.flatMap(({ published }) =>
        published.map(({ address, hostPort, purpose }) => ({ address, hostPort, purpose })),
      ),
    urls: urlsOf(plan),
  };
}
