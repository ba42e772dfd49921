import type { ActionPorts, InstallTarget } from "../context.ts";
import type { Desired } from "../desired/desired.ts";
import type { CheckReport } from "../../targets/check.ts";
import type { PreflightRequest } from "../preflight/preflight.ts";

/**
 * Checks the host for what is desired.
 * @param images how images are had where they are not pulled and built as usual
 * @throws PreflightError listing every failure
 */
export async function preflightDesired(
  desired: Desired,
  request: InstallTarget,
  ports: ActionPorts,
  images: Pick<PreflightRequest, "availableImages" | "offline"> = {},
): Promise<void> {
  const { preflight, requireNoFailure } = await import("../preflight/preflight.ts");
  if (desired.values === undefined) return;
  const { name, stateDir } = request;
  const report: CheckReport = await preflight(
    { name, stateDir, plan: desired.plan, values: desired.values, ...images },
    ports,
  );
  requireNoFailure(report);
}
