import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { pathBetween, previousOf, releases, requireOneStep } from "./release-path.ts";

const graph = [
  { version: "1.0.0", from: [] },
  { version: "1.1.0", from: ["1.0.0"] },
  { version: "2.0.0", from: ["1.1.0"] },
  { version: "2.1.0", from: ["1.1.0", "2.0.0"] },
  { version: "3.0.0", from: ["2.1.0"] },
];

test("the way has every stop that is required, and no other", () => {
  expect(pathBetween("1.0.0", "3.0.0", graph)).toEqual(["1.1.0", "2.1.0", "3.0.0"]);
  expect(pathBetween("2.0.0", "2.1.0", graph)).toEqual(["2.1.0"]);
  expect(pathBetween("3.0.0", "3.0.0", graph)).toEqual([]);
});

test("an older version is refused", () => {
  expect(() => pathBetween("3.0.0", "2.1.0", graph)).toThrow(
    "3.0.0 is installed, and this program is 2.1.0: a platform is not taken to an older version",
  );
});

test("a version that nothing is known of is refused", () => {
  expect(() => pathBetween("0.9.0", "3.0.0", graph)).toThrow("no way is known from 0.9.0 to 3.0.0");
  expect(() => pathBetween("1.0.0", "9.0.0", graph)).toThrow("no way is known from 1.0.0 to 9.0.0");
});

test("more than one step is refused, with the whole way and the next stop", () => {
  expect(() => requireOneStep("1.0.0", "3.0.0", graph)).toThrow(
    expect.objectContaining({
      message: "1.0.0 does not become 3.0.0 in one step: 1.0.0 → 1.1.0 → 2.1.0 → 3.0.0",
      hint: "upgrade with Slipway 1.1.0 first; nothing was changed",
    }) as Error,
  );
  expect(() => requireOneStep("2.1.0", "3.0.0", graph)).not.toThrow();
});

test("the version of this program is known, with those before it", () => {
  const { version } = JSON.parse(readFileSync(new URL("../../../../package.json", import.meta.url), "utf8")) as {
    readonly version: string;
  };
  const known = releases.map((release) => release.version);

  expect(known.at(-1)).toBe(version);
  for (const release of known.slice(1)) {
    expect(previousOf(release).length, release).toBeGreaterThan(0);
    expect(known).toEqual(expect.arrayContaining([...previousOf(release)]));
  }
});
