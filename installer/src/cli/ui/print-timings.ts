import type { Timings } from "../../execute/critical-path.ts";
import { formatMilliseconds } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** Where the time of a run went: what is critical stands out and is marked. */
export function formatTimings({ work, totalMs, criticalMs }: Timings, style: Style): string {
  const table = formatTable(
    ["", "WORK", "BEGAN", "TOOK", "AFTER"],
    work.map(({ id, beginMs, ms, after = "-", critical }) => {
      const paint = critical ? style.bold : style.dim;
      const cell = (text: string) => ({ text, paint });
      return [critical ? "*" : "", cell(id), formatMilliseconds(beginMs), formatMilliseconds(ms), after];
    }),
    style,
  );
  const ratio = criticalMs === 0 ? "" : `, ${(totalMs / criticalMs).toFixed(2)} times that`;
  return `${table}\n* critical path: ${formatMilliseconds(criticalMs)}; the whole: ${formatMilliseconds(totalMs)}${ratio}`;
}
