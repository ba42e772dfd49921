import type { Finding } from "../../events/event.ts";
import type { Plan } from "../../plan/model.ts";
import type { Values } from "../../values/values.generated.ts";
import { PreflightError } from "../../errors/installer-error.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readIdentity } from "../../execute/state/state-store.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import type { StatusResult } from "../status/status.ts";
import type { Check, CheckContext, CheckReport, EngineProbe } from "./check.ts";
import { preflightChecks } from "./checks/all.ts";
import { runChecks } from "./run-checks.ts";

export interface PreflightRequest extends InstallTarget {
  readonly plan: Plan;
  readonly values: Values;
  /** For checks of a platform that is installed. */
  readonly live?: StatusResult | undefined;
  /** References of images that are not in the engine yet and will be: of a bundle, of the registry it was pushed to. */
  readonly availableImages?: ReadonlySet<string>;
  /** No registry may be asked. */
  readonly offline?: boolean;
}

export type PreflightPorts = Pick<
  ActionPorts,
  "docker" | "exec" | "fs" | "clock" | "host" | "assets" | "report" | "signal"
>;

/** Looks at everything an install needs, all at once, and changes nothing. Findings that are not ok are reported as events. */
export async function preflight(request: PreflightRequest, ports: PreflightPorts): Promise<CheckReport> {
  return await check(preflightChecks, request, ports);
}

/** Runs any checks against an install's plan. */
export async function check(
  checks: readonly Check[],
  request: PreflightRequest,
  ports: PreflightPorts,
): Promise<CheckReport> {
  const report = await runChecks(checks, await checkContext(request, ports));
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
    failures.length === 1 ? "this host is not ready" : `this host is not ready: ${failures.length} findings`,
    { details: failures.flatMap(describe), hint: "nothing was changed; slipway doctor checks again" },
  );
}

function describe(finding: Finding): readonly string[] {
  const component = finding.component === undefined ? "" : `${finding.component}: `;
  const found = `[${finding.id}] ${component}${finding.message}`;
  return finding.remedy === undefined ? [found] : [found, `    ${finding.remedy}`];
}

async function checkContext(request: PreflightRequest, ports: PreflightPorts): Promise<CheckContext> {
  return {
    ...request,
    docker: ports.docker,
    exec: ports.exec,
    fs: ports.fs,
    clock: ports.clock,
    host: ports.host,
    signal: ports.signal,
    engine: await probeEngine(ports),
    live: request.live,
    installId: await readInstallId(request.stateDir, ports),
    builtAt: new Date(ports.assets.builtAt),
    canBuildImages: ports.assets.checkout !== undefined,
  };
}

async function probeEngine(ports: PreflightPorts): Promise<EngineProbe> {
  try {
    return { reachable: true, info: await ports.docker.info() };
  } catch (error) {
    return { reachable: false, reason: error instanceof Error ? error.message : String(error) };
  }
}

/** A record that cannot be read is for another check to tell. */
async function readInstallId(stateDir: string, ports: PreflightPorts): Promise<string | undefined> {
  const identity = await readIdentity(ports.fs, stateLayout(stateDir)).catch(() => undefined);
  return identity?.uuid;
}
