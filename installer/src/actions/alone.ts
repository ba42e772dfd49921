import { recordRun } from "../execute/history/run-history.ts";
import { type Install, openInstall } from "../execute/state/install.ts";
import { acquireRunLock } from "../execute/state/run-lock.ts";
import type { Plan } from "../plan/model.ts";
import type { ActionPorts, InstallTarget } from "./context.ts";
import { requireInstalledHere } from "./status/elsewhere.ts";

/** An install that is worked on. */
export interface Work {
  readonly plan: Plan;
  readonly install: Install;
  readonly run: string;
}

export interface Deed {
  /** As the history of the install calls it. */
  readonly command: string;
  /** Throws where the plan does not have what it needs. */
  readonly required: (plan: Plan) => void;
}

/**
 * Does one thing with an install that nobody else changes meanwhile, and records that it was done.
 * @throws PreflightError when nothing is installed; LockedError; what `required` throws
 */
export async function alone<T>(
  request: InstallTarget,
  { command, required }: Deed,
  ports: ActionPorts,
  work: (work: Work) => Promise<T>,
): Promise<T> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  required(plan);
  const run = ports.random.uuid();
  const release = await acquireRunLock(ports, install.layout, run);
  try {
    const head = { run, command, version: ports.assets.version };
    return await recordRun(ports, install.layout, head, async (tell) => {
      tell({ changed: [command] });
      return work({ plan, install, run });
    });
  } finally {
    await release();
  }
}
