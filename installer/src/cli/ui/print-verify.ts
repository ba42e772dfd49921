import type { VerifyResult } from "../../actions/verify/verify.ts";
import { formatMilliseconds, printable } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** A table of wires with results and times, then each failure with its address and likely cause. */
export function formatVerify(result: VerifyResult, style: Style, columns?: number): string {
  const rows = result.wires.map((wire) => [
    wire.ok ? { text: "ok", paint: style.good } : { text: "FAILED", paint: style.bad },
    wire.wire,
    `${wire.from} -> ${wire.to}`,
    formatMilliseconds(wire.ms),
    wire.expectation,
  ]);
  const lines =
    rows.length === 0 ? [] : [formatTable(["RESULT", "WIRE", "FROM -> TO", "TIME", "PROVES"], rows, style, columns)];
  for (const wire of result.wires.filter((candidate) => !candidate.ok)) {
    lines.push("", style.bad(`${wire.wire}: ${printable(wire.error ?? "failed")}`), `  address: ${wire.address}`);
    if (wire.cause !== undefined) lines.push(`  likely cause: ${printable(wire.cause)}`);
    lines.push(...(wire.details ?? []).map((detail) => style.dim(`  ${printable(detail)}`)));
  }
  lines.push(...result.skipped.map((skip) => style.dim(`skipped ${skip.wire}: ${skip.reason}`)));
  const summary = `${result.passed} of ${result.passed + result.failed} wires work${result.skipped.length === 0 ? "" : `, ${result.skipped.length} skipped`} (${formatMilliseconds(result.ms)})`;
  lines.push(result.ok ? style.good(summary) : style.bad(summary));
  return lines.join("\n");
}
