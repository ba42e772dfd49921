import { formatMs } from "./measure.ts";
import type { Comparison } from "./measure.ts";
import type { BenchRow } from "./row.ts";

export interface Measured extends BenchRow, Comparison {
  readonly pass: boolean;
}

const heads = ["what", "against", "ours", "rival", "ratio", "bar", ""];

/** The result for a terminal. */
export function toTable(rows: readonly Measured[], machine: string): string {
  const lines = [heads, ...rows.map(cells)];
  const widths = heads.map((_head, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  const missed = rows.filter((row) => !row.pass);
  const verdict = missed.length === 0 ? "every bar is met" : `missed: ${missed.map((row) => row.id).join(", ")}`;
  return `${machine}\n\n${text.join("\n")}\n\n${verdict}\n`;
}

/** The result as a page of the documentation. */
export function toMarkdown(rows: readonly Measured[], machine: string): string {
  const toLine = (line: readonly string[]): string => `| ${line.join(" | ")} |`;
  return `# Benchmarks

Written by \`npm run bench -- --write\`. Ours and the rival run in turn on the same machine, A B A B; times are medians and only ratios have
a bar: seconds depend on the machine. ${machine}.

${[toLine(heads), toLine(heads.map(() => "---")), ...rows.map((row) => toLine(cells(row)))].join("\n")}

- The command line is measured as it ships, \`dist/slipway.cjs\`, after a first start that fills its cache of compiled code.
- A fresh \`install\` includes preflight, journal, making every secret and certificate, rendering and writing all files, volumes, networks,
  jobs and the health of every component; wires are proved separately (\`verify\`). The rival gets the finished Compose file with all secrets
  made, and runs as few Compose calls as possible with jobs side by side: more calls, each part as early as it can, took half as long again.
- Casdoor's place is taken by the stand-in of the tests on both sides.
`;
}

function cells(row: Measured): readonly string[] {
  return [
    row.title,
    row.rival,
    formatMs(row.ours),
    formatMs(row.rivalMs),
    row.ratio.toFixed(2),
    `≤ ${row.bar}`,
    row.pass ? "pass" : "FAIL",
  ];
}
