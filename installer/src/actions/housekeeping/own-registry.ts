import { PreflightError } from "../../errors/installer-error.ts";
import { registryCleaning } from "../../plan/components/registry.ts";
import { findComponent, findJob } from "../../plan/find-in-plan.ts";
import type { Component, Job, Plan } from "../../plan/model.ts";

/**
 * The platform's own registry, and the job that cleans it.
 * @throws PreflightError where the registry is not the platform's own
 */
export function requireOwn(plan: Plan): { readonly component: Component; readonly job: Job } {
  const component = findComponent(plan, registryCleaning.component);
  const job = findJob(plan, registryCleaning.job);
  if (component !== undefined && job !== undefined) return { component, job };
  switch (component?.presence) {
    case "external":
      throw new PreflightError("the registry of this platform is somewhere else, and not this program's to clean", {
        hint: "whoever runs it removes there what no image names",
      });
    case "embedded":
      throw new PreflightError("this platform was installed when its registry could not be cleaned", {
        hint: "slipway install adds what it needs",
      });
    default:
      throw new PreflightError("this platform has no registry", { hint: "slipway status says what it has" });
  }
}
