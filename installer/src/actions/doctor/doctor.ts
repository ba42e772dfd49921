import type { Finding } from "../../events/event.ts";
import type { ActionPorts, InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import { loadPlan } from "../desired/load-plan.ts";
import { preflightChecks } from "../preflight/checks/all.ts";
import { liveChecks } from "../preflight/checks/live.ts";
import { status } from "../status/status.ts";
import type { StatusResult } from "../status/status.ts";
import { check } from "../preflight/preflight.ts";

export interface DoctorRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Name the checks and run none. */
  readonly listOnly: boolean;
  /** Count warnings as failures. */
  readonly strict: boolean;
}

export interface DoctorReport extends ResultHead<"DoctorResult"> {
  readonly name: string;
  readonly ok: boolean;
  readonly checks: number;
  readonly failures: number;
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
  if (request.listOnly) return listChecks();
  const { plan, values } = await loadPlan(request, ports);
  const report = await check(
    [...preflightChecks, ...liveChecks],
    { ...request, plan, values: values.values, live: await liveStatus(request, ports) },
    {
      ...ports,
      // The result lists them; said twice they would only be longer.
      report: (event) => {
        if (event.type !== "finding") ports.report(event);
      },
    },
  );
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

/** An engine that does not answer is a finding of its own. */
async function liveStatus(request: DoctorRequest, ports: ActionPorts): Promise<StatusResult | undefined> {
  const found = await status(request, ports).catch(() => undefined);
  return found?.installed === true ? found : undefined;
}

function listChecks(): CheckList {
  const list = (checks: typeof preflightChecks, live: boolean) =>
    checks.map(({ id, title, why, severity, docs }) => ({
      id,
      title,
      why,
      severity,
      live,
      ...(docs !== undefined && { docs }),
    }));
  return {
    apiVersion: "slipway/v1",
    kind: "CheckList",
    checks: [...list(preflightChecks, false), ...list(liveChecks, true)],
  };
}
