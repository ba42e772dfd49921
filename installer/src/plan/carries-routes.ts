import type { Workload } from "./model.ts";

/** Whether this is what the plan's routes lead through. Said by its configuration, so that nobody has to know its name. */
export function carriesRoutes(component: { readonly workload?: Workload }): boolean {
  return component.workload?.container.files.some((file) => file.contents.kind === "nginx-gateway") === true;
}
