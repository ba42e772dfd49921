import type { Component, Job, Plan } from "./model.ts";

interface Index {
  readonly components: ReadonlyMap<string, Component>;
  readonly jobs: ReadonlyMap<string, Job>;
  readonly consoles: ReadonlySet<string>;
}

// A plan never changes, and a large one is searched for every unit of it.
const indexes = new WeakMap<Plan, Index>();

function indexOf(plan: Plan): Index {
  const known = indexes.get(plan);
  if (known !== undefined) return known;
  const index = {
    components: new Map(plan.components.map((component) => [component.id, component])),
    jobs: new Map(plan.jobs.map((job) => [job.id, job])),
    consoles: new Set(plan.components.flatMap(({ console }) => (console === undefined ? [] : [console.job]))),
  };
  indexes.set(plan, index);
  return index;
}

/** The component with this id. */
export function findComponent(plan: Plan, id: string): Component | undefined {
  return indexOf(plan).components.get(id);
}

/** The job with this id. */
export function findJob(plan: Plan, id: string): Job | undefined {
  return indexOf(plan).jobs.get(id);
}

/** Whether a job is the console of a component. */
export function isConsole(plan: Plan, { id }: Pick<Job, "id">): boolean {
  return indexOf(plan).consoles.has(id);
}
