import { describe, expect, it } from "vitest";
import { isPlanHash, shortPlanHash } from "./plan-hash.ts";

const hash = "3f9c2a10b7d4e86500112233445566778899aabbccddeeff0011223344556677";

describe("the hash of a plan", () => {
  it.each([hash, "3f9c2a10b7d4", "3F9C2A10B7D4E865", shortPlanHash(hash)])("is meant by %s", (given) => {
    expect(isPlanHash(given, hash)).toBe(true);
  });

  it.each(["3f9c2a10b7d", "3f9c2a10b7d5", "", `${hash}0`])("is not meant by %j", (given) => {
    expect(isPlanHash(given, hash)).toBe(false);
  });
});
