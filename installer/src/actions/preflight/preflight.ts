import type { Finding } from "../../events/event.ts";
import type { Plan } from "../../plan/model.ts";
import type { Values } from "../../values/values.generated.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import { type Install, openInstall } from "../../execute/state/install.ts";
import type { CheckContext, CheckReport } from "../../targets/check.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { hostChecks } from "./checks/all.ts";
import { runChecks } from "./run-checks.ts";

export interface PreflightRequest extends InstallTarget {
  readonly plan: Plan;
  readonly values: Values;
  /** The records, when the caller has read them. */
  readonly install?: Install;
  /** For checks of a platform that is installed. */
  readonly live?: LivePlatform | undefined;
  /** References of images that are not on the target yet and will be: of a bundle, of the registry it was pushed to. */
  readonly availableImages?: ReadonlySet<string>;
  /** No registry may be asked. */
  readonly offline?: boolean;
}

export type PreflightPorts = Pick<
  ActionPorts,
  "target" | "exec" | "fs" | "clock" | "host" | "assets" | "report" | "signal"
>;

/** Looks at everything an install needs, all at once, and changes nothing. Findings that are not ok are reported as events. */
export async function preflight(request: PreflightRequest, ports: PreflightPorts): Promise<CheckReport> {
  const { preflight: ofTarget } = await ports.target.checks();
  const report = await runChecks([...ofTarget, ...hostChecks], await checkContext(request, ports));
  for (const finding of report.findings) ports.report({ type: "finding", finding });
  return report;
}

/**
 * Stops when the preflight found a failure; warnings pass.
 * @throws PreflightError listing every failure with its remedy
 */
export function requireNoFailure(report: CheckReport): void {
  const failures = report.findings.filter((finding) => finding.severity === "failure");
  if (failures.length === 0) return;
  throw new PreflightError(
    failures.length === 1 ? "a requirement is not met" : `${failures.length} requirements are not met`,
    { details: failures.flatMap(describe), hint: "nothing was changed; slipway doctor checks again" },
  );
}

function describe(finding: Finding): readonly string[] {
  const component = finding.component === undefined ? "" : `${finding.component}: `;
  const found = `[${finding.id}] ${component}${finding.message}`;
  return finding.remedy === undefined ? [found] : [found, `    ${finding.remedy}`];
}

/** What every check may look at. */
export async function checkContext(request: PreflightRequest, ports: PreflightPorts): Promise<CheckContext> {
  return {
    ...request,
    exec: ports.exec,
    fs: ports.fs,
    clock: ports.clock,
    host: ports.host,
    isElsewhere: isElsewhere(ports.target),
    signal: ports.signal,
    live: request.live,
    // A record that cannot be read is for another check to tell.
    install: request.install ?? (await openInstall(request, ports.fs).catch(() => undefined)),
    builtAt: new Date(ports.assets.builtAt),
    canBuildImages: ports.assets.checkout !== undefined,
  };
}

/** A cluster whose kubeconfig cannot be read is none of this machine either. */
function isElsewhere({ hosts }: Pick<PreflightPorts["target"], "hosts">): boolean {
  try {
    return hosts().length > 0;
  } catch {
    return true;
  }
}
