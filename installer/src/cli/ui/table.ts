import { wrapWords } from "./format.ts";
import type { Style } from "./style.ts";

/** One cell: its text, and how it is coloured once its width is settled. */
export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

/** In a narrower column words stand alone; there a text is cut. */
const narrowest = 24;

/** Columns aligned with two spaces between them; the last one is as long as it is, or fitted into so many columns of a terminal. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly Cell[])[],
  style: Style,
  columns = Infinity,
): string {
  const widths = header.map((title, column) =>
    Math.max(displayWidth(title), ...rows.map((row) => displayWidth(textOf(row[column] ?? "")))),
  );
  const room = columns - widths.slice(0, -1).reduce((sum, width) => sum + width + 2, 0);
  const lines = [
    formatRow(
      header.map((title) => ({ text: title, paint: style.dim })),
      widths,
    ),
    ...rows.flatMap((row) => fitLast(row, room).map((line) => formatRow(line, widths))),
  ];
  return lines.join("\n");
}

/** A row as one or more lines whose last cell is no wider than the room there is for it. */
function fitLast(row: readonly Cell[], room: number): readonly (readonly Cell[])[] {
  const last = row.at(-1);
  if (typeof last !== "string" || displayWidth(last) <= room) return [row];
  const others = row.slice(0, -1);
  if (room < narrowest) return [[...others, `${last.slice(0, Math.max(0, room - 1))}…`]];
  const empty = others.map(() => "");
  return wrapWords(last, room).map((line, index) => [...(index === 0 ? others : empty), line]);
}

function formatRow(cells: readonly Cell[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => {
      const text = textOf(cell);
      const isLast = column === cells.length - 1;
      const padding = isLast ? "" : " ".repeat(Math.max(0, (widths[column] ?? 0) - displayWidth(text)));
      return (typeof cell === "string" ? text : cell.paint(text)) + padding;
    })
    .join("  ")
    .trimEnd();
}

function textOf(cell: Cell): string {
  return typeof cell === "string" ? cell : cell.text;
}

/** Columns a text takes on a terminal: Chinese characters take two. */
function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) {
    width += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]/.test(
      character,
    )
      ? 2
      : 1;
  }
  return width;
}
