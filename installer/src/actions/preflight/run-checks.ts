import type { Finding } from "../../events/event.ts";
import type { Check, CheckContext, CheckReport } from "../../targets/check.ts";

/** Runs checks side by side. One that breaks is a failure of its own and stops no other. */
export async function runChecks<Context extends CheckContext>(
  checks: readonly Check<Context>[],
  context: Context,
): Promise<CheckReport> {
  const findings = await Promise.all(checks.map((check) => runCheck(check, context)));
  return { findings: findings.flat(), checks: checks.length };
}

async function runCheck<Context extends CheckContext>(
  check: Check<Context>,
  context: Context,
): Promise<readonly Finding[]> {
  try {
    const found = await check.run(context);
    if (found.length === 0) return [{ id: check.id, severity: "ok", message: check.title }];
    return found.map((finding) => ({
      id: check.id,
      severity: check.severity === "warning" ? "warning" : (finding.severity ?? check.severity),
      message: finding.message,
      remedy: finding.remedy,
      ...(finding.component !== undefined && { component: finding.component }),
    }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [
      {
        id: check.id,
        severity: check.severity,
        message: `the check itself failed: ${reason}`,
        remedy: `check by hand: ${check.title}`,
      },
    ];
  }
}
