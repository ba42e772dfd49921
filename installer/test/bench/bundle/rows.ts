import { createRows } from "./create-rows.ts";
import { hugeRows } from "./huge-rows.ts";
import { pushRows } from "./push-rows.ts";
import { roughRows } from "./rough-rows.ts";
import { tokenRows } from "./token-rows.ts";
import type { BenchRow } from "../row.ts";
import { withWorkbench } from "./workbench.ts";

/** B1 to B13: bundles and registries against the tools that people use today. */
export function bundleRows(
  program: string,
  { rounds, hasSha }: { readonly rounds: number; readonly hasSha: boolean },
): readonly BenchRow[] {
  const rows = [...createRows, ...pushRows, ...tokenRows, ...roughRows, ...hugeRows];
  return rows
    .filter(({ onlyWithoutSha = false }) => !(hasSha && onlyWithoutSha))
    .map((row) => ({
      ...row,
      measure: (say) => withWorkbench({ program, hasSha }, (bench) => row.measure(bench, rounds, say)),
    }));
}
