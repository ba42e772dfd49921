import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

/** A test, by the title that stands in its file; `case` is a row of a test with several. */
export interface Proof {
  /** Where it is looked for: the folder and the beginning of the file name, as far as needed: `open-bundle`, `harbor/`. */
  readonly suite: string;
  readonly test: string;
  readonly case?: string;
}

/** Proofs in one suite: each a title, or a title and the row of it. */
export function proofs(suite: string, ...tests: readonly (string | readonly [string, string])[]): readonly Proof[] {
  return tests.map((test) => (typeof test === "string" ? { suite, test } : { suite, test: test[0], case: test[1] }));
}

/** The files in which the test stands: one, when everything is as it should be. */
export function filesOf(root: string, { suite, test, case: row }: Proof): readonly string[] {
  // A call of `it`, `describe` or `itUnless` has the title, and a table beside it the row.
  const title = new RegExp(`[(,]\\s*${JSON.stringify(test).replace(/[.*+?^${}()|[\]\\]/g, "\\$&")}\\s*,`);
  return globSync(`{installer/{src,test},toolbox/src}/**/${suite}*.test.ts`, { cwd: root })
    .filter((file) => {
      const text = readFileSync(join(root, file), "utf8");
      return title.test(text) && (row === undefined || text.includes(JSON.stringify(row)));
    })
    .sort();
}
