import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Proof } from "./row.ts";

/** The files in which the test stands: one, when everything is as it should be. */
export function filesOf(root: string, { suite, test, case: row }: Proof): readonly string[] {
  // A call of `it`, `describe` or `itUnless` has the title, and a table beside it the row.
  const title = new RegExp(`[(,]\\s*${JSON.stringify(test).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*,`);
  return globSync(`installer/{src,test}/**/${suite}*.test.ts`, { cwd: root })
    .filter((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return title.test(text) && (row === undefined || text.includes(JSON.stringify(row)));
    })
    .sort();
}
