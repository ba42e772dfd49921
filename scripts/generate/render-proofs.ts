import { fileURLToPath } from "node:url";
import { filesOf, type Proof } from "../../installer/test/contract/proof.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Proofs as a cell of a table on a page in `docs/`: each file once, with the titles of its tests. */
export function renderProofs(proofs: readonly Proof[]): string {
  const files = new Map<string, string[]>();
  for (const proof of proofs) {
    const { suite, test, case: row } = proof;
    const file = filesOf(root, proof)[0] ?? suite;
    files.set(file, [...(files.get(file) ?? []), row === undefined ? test : test.replace(/%[sdij]/, row)]);
  }
  return [...files]
    .map(([file, titles]) => `[${file.split("/").at(-1) ?? file}](../${file}): ${[...new Set(titles)].join("; ")}`)
    .join("<br>");
}
