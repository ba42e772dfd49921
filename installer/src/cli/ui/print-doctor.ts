import type { CheckList, DoctorReport } from "../../actions/doctor/doctor.ts";
import { printable } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** Failures first, then warnings, each with its remedy; what is fine in one line. */
export function formatDoctor(result: DoctorReport, style: Style): string {
  const lines: string[] = [];
  for (const severity of ["failure", "warning"] as const) {
    const paint = severity === "failure" ? style.bad : style.warn;
    for (const finding of result.findings.filter((candidate) => candidate.severity === severity)) {
      const component = finding.component === undefined ? "" : `${finding.component}: `;
      lines.push(`${paint(severity)} ${style.dim(`[${finding.id}]`)} ${component}${printable(finding.message)}`);
      if (finding.remedy !== undefined) lines.push(`    ${printable(finding.remedy)}`);
    }
  }
  const summary = `${result.checks} checks: ${count(result.failures, "failure")}, ${count(result.warnings, "warning")}`;
  lines.push(result.ok ? style.good(summary) : style.bad(summary));
  return lines.join("\n");
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** Every check with what it is about. */
export function formatCheckList(result: CheckList, style: Style): string {
  return formatTable(
    ["CHECK", "TITLE", "WHY"],
    result.checks.map((check) => [check.id, check.title, check.why]),
    style,
  );
}
