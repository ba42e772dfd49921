import type { Install } from "../../execute/state/install.ts";
import { findJob } from "../../plan/find-in-plan.ts";
import type { Plan } from "../../plan/model.ts";
import type { Drift, FoundInside } from "../plan/find-drift.ts";
import { type AskPorts, repeatJob } from "../run-job/ask-job.ts";

/** What was found inside services, and what of it was set right. */
export interface Repaired extends FoundInside {
  readonly repaired: readonly Drift[];
}

/**
 * Runs the jobs that set right what somebody changed inside services; what people made there stays.
 * @throws ApplyError naming the job that fails; those before it are done
 */
export async function repairInside(
  { drift, noted }: FoundInside,
  { plan, install }: { readonly plan: Plan; readonly install: Install },
  ports: AskPorts,
): Promise<Repaired> {
  for (const { job: id } of drift) {
    const job = findJob(plan, id);
    if (job !== undefined) await repeatJob(job, install, ports);
  }
  return { drift: [], noted, repaired: drift };
}
