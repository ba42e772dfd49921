import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { makeRecoveryKey, parseRecoveryKey } from "./recovery-key.ts";

const key = makeRecoveryKey({ bytes: (length) => randomBytes(length) });

describe("a recovery key", () => {
  it("is eight groups that are another each time", () => {
    expect(key).toMatch(/^([0-9A-HJKMNP-TV-Z]{5}-){7}[0-9A-HJKMNP-TV-Z]{5}$/);
    expect(makeRecoveryKey({ bytes: (length) => randomBytes(length) })).not.toBe(key);
  });

  it.each([
    ["as it was shown", (shown: string) => shown],
    ["in small letters, with blanks", (shown: string) => `  ${shown.toLowerCase().replaceAll("-", " ")}\n`],
    ["without anything between", (shown: string) => shown.replaceAll("-", "")],
    ["with letters that look like its digits", (shown: string) => shown.replaceAll("0", "o").replaceAll("1", "l")],
  ])("is understood %s", (_, type) => {
    expect(parseRecoveryKey(type(key))).toBe(key);
  });

  it("with one wrong, missing or swapped character is told to have a typing error", () => {
    const letters = key.replaceAll("-", "");
    const wrong = Array.from(letters, (letter, at) => {
      const other = letter === "A" ? "B" : "A";
      return `${letters.slice(0, at)}${other}${letters.slice(at + 1)}`;
    });

    for (const typed of [...wrong, letters.slice(1), `${letters}A`, "", "-----"]) {
      expect(() => parseRecoveryKey(typed)).toThrow("typing error");
    }
  });
});
