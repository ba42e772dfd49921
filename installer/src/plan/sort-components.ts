import { InternalError } from "../errors/installer-error.ts";
import type { Component, Dependency, Job } from "./model.ts";

/** Nodes that must come before the given one: `component:x` and `job:y`. */
function prerequisites(needs: readonly Dependency[]): readonly string[] {
  return needs.map((need) => (need.kind === "healthy" ? `component:${need.component}` : `job:${need.job}`));
}

/**
 * Components and jobs, each after everything it needs; among equals by id, so that the order is stable.
 * @throws InternalError when something needs itself, directly or through others, or needs what is not there
 */
export function sortByDependency<C extends Pick<Component, "id" | "needs">, J extends Pick<Job, "id" | "needs">>(
  components: readonly C[],
  jobs: readonly J[],
): { readonly components: readonly C[]; readonly jobs: readonly J[] } {
  const nodes = new Map<string, readonly string[]>([
    ...components.map((row): [string, readonly string[]] => [`component:${row.id}`, prerequisites(row.needs)]),
    ...jobs.map((row): [string, readonly string[]] => [`job:${row.id}`, prerequisites(row.needs)]),
  ]);
  const order = new Map<string, number>();
  const open = new Set<string>();
  const visit = (id: string): void => {
    if (order.has(id)) return;
    // In the order they were opened: the path that led here.
    const path = (): readonly string[] => [...open];
    if (open.has(id)) throw new InternalError(`${id} needs itself: ${[...path(), id].join(" -> ")}`);
    const needs = nodes.get(id);
    if (needs === undefined) {
      throw new InternalError(`${path().at(-1) ?? "the plan"} needs ${id}, which is not in the plan`);
    }
    open.add(id);
    for (const need of [...needs].sort()) visit(need);
    open.delete(id);
    order.set(id, order.size);
  };
  for (const id of [...nodes.keys()].sort()) visit(id);
  const rank = (id: string): number => order.get(id) ?? 0;
  return {
    components: [...components].sort((a, b) => rank(`component:${a.id}`) - rank(`component:${b.id}`)),
    jobs: [...jobs].sort((a, b) => rank(`job:${a.id}`) - rank(`job:${b.id}`)),
  };
}
