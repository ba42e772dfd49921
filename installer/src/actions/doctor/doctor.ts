import type { Finding } from "../../events/event.ts";
import { type Install, openInstall, planOfInstall } from "../../execute/state/install.ts";
import type { Check } from "../../targets/check.ts";
import type { TargetChecks } from "../../targets/target.ts";
import type { LivePlatform } from "../../targets/live-platform.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { loadPlan } from "../desired/load-plan.ts";
import { hostChecks } from "../preflight/checks/all.ts";
import { liveChecks } from "../preflight/checks/live.ts";
import type { LiveCheckContext } from "../preflight/checks/live-check.ts";
import { checkContext } from "../preflight/preflight.ts";
import { runChecks } from "../preflight/run-checks.ts";
import { type Elsewhere, findElsewhere } from "../status/elsewhere.ts";
import { backupStanding, describeInstall, observeInstall } from "../status/status.ts";

export interface DoctorRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Target of a new install, by name. */
  readonly mode?: string;
  /** Name the checks and run none. */
  readonly listOnly: boolean;
  /** Count warnings as failures. */
  readonly strict: boolean;
}

export interface DoctorReport extends ResultHead<"DoctorResult"> {
  readonly name: string;
  readonly ok: boolean;
  /** Checks that were made. */
  readonly checks: number;
  /** Findings of severity failure. */
  readonly failures: number;
  /** Findings of severity warning. */
  readonly warnings: number;
  readonly findings: readonly Finding[];
}

export interface CheckList extends ResultHead<"CheckList"> {
  readonly checks: readonly {
    readonly id: string;
    readonly title: string;
    readonly why: string;
    readonly severity: "warning" | "failure";
    /** Only when something is installed. */
    readonly live: boolean;
    readonly docs?: string;
  }[];
}

export type DoctorResult = DoctorReport | CheckList;

/**
 * Runs every check of host, engine and, when something is installed, the live platform.
 * @throws ValuesError, UsageError when no plan can be made of the values
 */
export async function doctor(request: DoctorRequest, ports: ActionPorts): Promise<DoctorResult> {
  const checks = await ports.target.checks();
  if (request.listOnly) return listChecks(checks);
  const { plan, values } = await loadPlan(request, ports);
  const found = await lookAtInstall(request, ports);
  const context = {
    ...(await checkContext({ ...request, plan, values: values.values, ...found }, ports)),
    status: found.status,
    elsewhere: found.elsewhere,
  };
  const every = [...checks.preflight, ...hostChecks, ...checks.live, ...liveChecks];
  const report = await runChecks<LiveCheckContext>(every, context);
  const count = (severity: Finding["severity"]): number =>
    report.findings.filter((finding) => finding.severity === severity).length;
  const failures = count("failure");
  const warnings = count("warning");
  return {
    apiVersion: "slipway/v1",
    kind: "DoctorResult",
    name: request.name,
    ok: failures === 0 && (!request.strict || warnings === 0),
    checks: report.checks,
    failures,
    warnings,
    findings: report.findings,
  };
}

interface Found {
  readonly install?: Install;
  readonly live?: LivePlatform;
  readonly status: LiveCheckContext["status"];
  readonly elsewhere?: Elsewhere | undefined;
}

/** A damaged record, or a target that does not answer, does not mean that nothing is installed. */
async function lookAtInstall(request: DoctorRequest, ports: ActionPorts): Promise<Found> {
  let install: Install | undefined;
  try {
    install = await openInstall(request, ports.fs);
    const [{ version, apiVersion }, live] = await Promise.all([ports.target.facts(), observeInstall(install, ports)]);
    const status = describeInstall(install, live, { version, apiVersion });
    if (status.installed) {
      // One that does not answer about its backups may be well all the same.
      const backup = await backupStanding(install, live, ports).catch(() => undefined);
      return { install, live, status: backup === undefined ? status : { ...status, backup } };
    }
    return { install, status: undefined, elsewhere: await findElsewhere(install, ports) };
  } catch (error) {
    // A target that does not answer is a finding of its own where nothing is installed.
    if (install !== undefined && planOfInstall(install) === undefined) return { install, status: undefined };
    const unknown = error instanceof Error ? error.message : String(error);
    return { ...(install === undefined ? {} : { install }), status: { unknown } };
  }
}

function listChecks({ preflight, live }: TargetChecks): CheckList {
  const list = (checks: readonly Omit<Check, "run">[], isLive: boolean) =>
    checks.map(({ id, title, why, severity, docs }) => ({
      id,
      title,
      why,
      severity,
      live: isLive,
      ...(docs !== undefined && { docs }),
    }));
  return {
    apiVersion: "slipway/v1",
    kind: "CheckList",
    checks: [...list([...preflight, ...hostChecks], false), ...list([...live, ...liveChecks], true)],
  };
}
