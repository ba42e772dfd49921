import type { HistoryEntry, HistoryResult } from "../../actions/history/history.ts";
import { formatMilliseconds, formatMoment, printable } from "./format.ts";
import type { Style } from "./style.ts";
import { type Cell, formatTable } from "./table.ts";

interface Paper {
  readonly style: Style;
  readonly columns: number | undefined;
}

/** A line for each run, the newest last. */
export function formatHistory({ entries }: HistoryResult, limit: number, { style, columns }: Paper): string {
  const shown = entries.slice(-limit);
  const earlier = entries.length - shown.length;
  const table = formatTable(
    ["REVISION", "WHEN", "COMMAND", "VERSION", "RESULT", "TOOK", "CHANGED"],
    shown.map((entry) => [
      entry.revision === undefined ? "-" : String(entry.revision),
      entry.at === "" ? "-" : formatMoment(new Date(entry.at)),
      entry.command ?? "-",
      entry.version,
      resultOf(entry, style),
      entry.ms === undefined ? "-" : formatMilliseconds(entry.ms),
      printable([...(entry.error === undefined ? [] : [entry.error.message]), ...entry.changed].join("; ")) || "-",
    ]),
    style,
    columns,
  );
  return earlier === 0 ? table : `${style.dim(`${earlier} earlier, shown with a greater --limit`)}\n${table}`;
}

function resultOf({ result, error }: HistoryEntry, style: Style): Cell {
  switch (result) {
    case "complete":
      return { text: result, paint: style.good };
    case "failed":
      return { text: error === undefined ? result : `failed (${error.code})`, paint: style.bad };
    case "interrupted":
      return { text: result, paint: style.warn };
    case "cut-off":
      return { text: "cut off", paint: style.warn };
    case "open":
      return { text: "under way or cut off", paint: style.warn };
  }
}
