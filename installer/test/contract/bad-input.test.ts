import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { capabilities } from "./bad-input/capabilities.ts";
import { badInput } from "./bad-input/sections.ts";
import { filesOf } from "./proof.ts";

const root = new URL("../../..", import.meta.url).pathname;
const rows = badInput.flatMap((section) => section.rows);

/** Everything that can speak to a person. */
const program = [...sourcesIn("installer/src"), ...sourcesIn("toolbox/src"), "offline-bundle/install.sh"]
  .map((path) => readFileSync(join(root, path), "utf8"))
  .join("\n");

function sourcesIn(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts") && !path.endsWith(".test.ts"))
    .map((path) => join(folder, path));
}

describe("docs/bad-input.md", () => {
  it.each([...rows, ...capabilities].flatMap(({ proofs }) => proofs))(
    "one file of $suite has the test: $test ($case)",
    (proof) => {
      expect(filesOf(root, proof)).toHaveLength(1);
    },
  );

  it.each(rows)("is shown by a test, or says why not: $fault", ({ proofs, reason }) => {
    expect(proofs.length > 0).toBe(reason === undefined);
  });

  it.each(rows.filter(({ says }) => says !== undefined))(
    "quotes what the program says: $fault",
    ({ says = "", code }) => {
      const pieces = says.split("…").map((piece) => piece.trim());
      expect(pieces.filter((piece) => !program.includes(piece))).toEqual([]);
      expect(code).toBeDefined();
    },
  );
});
