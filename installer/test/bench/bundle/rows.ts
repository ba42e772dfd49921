import { createRows } from "./create-rows.ts";
import { hugeRows } from "./huge-rows.ts";
import { pushRows } from "./push-rows.ts";
import { roughRows } from "./rough-rows.ts";
import { type BenchRow } from "../row.ts";
import { type Workbench, withWorkbench } from "./workbench.ts";

/** What a row of this group is given: an empty workbench of its own. */
export interface BundleRow extends Omit<BenchRow, "measure"> {
  readonly measure: (bench: Workbench, rounds: number, say: (text: string) => void) => ReturnType<BenchRow["measure"]>;
}

/** B1 to B12: bundles and registries against the tools that people use today. */
export function bundleRows(program: string, rounds: number): readonly BenchRow[] {
  return [...createRows, ...pushRows, ...roughRows, ...hugeRows].map((row) => ({
    ...row,
    measure: (say) => withWorkbench(program, (bench) => row.measure(bench, rounds, say)),
  }));
}
