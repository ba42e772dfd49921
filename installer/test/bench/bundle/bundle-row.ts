import type { BenchRow } from "../row.ts";
import type { Workbench } from "./workbench.ts";

/** What a row of this group is given: an empty workbench of its own. */
export interface BundleRow extends Omit<BenchRow, "measure"> {
  /** A row of the table for processors without SHA instructions alone. */
  readonly onlyWithoutSha?: true;
  readonly measure: (bench: Workbench, rounds: number, say: (text: string) => void) => ReturnType<BenchRow["measure"]>;
}
