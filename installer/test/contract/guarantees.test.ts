import { describe, expect, it } from "vitest";
import { guarantees } from "./guarantees/guarantees.ts";
import { filesOf } from "./proof.ts";

const root = new URL("../../..", import.meta.url).pathname;

describe("the guarantees of docs/hardening.md", () => {
  it("are 32, in order", () => {
    expect(guarantees.map(({ id }) => id)).toEqual(
      Array.from({ length: 32 }, (_, index) => `G${String(index + 1).padStart(2, "0")}`),
    );
  });

  it.each(guarantees.flatMap(({ id, proofs }) => proofs.map((proof) => ({ id, ...proof }))))(
    "$id: one file of $suite has the test: $test",
    (proof) => {
      expect(filesOf(root, proof)).toHaveLength(1);
    },
  );

  it.each(guarantees)("$id is shown by a test, or says why not", ({ proofs, notYet }) => {
    expect(proofs.length > 0 || (notYet ?? "").length > 10).toBe(true);
  });
});
