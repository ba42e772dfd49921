import { describe, expect, test } from "vitest";
import type { ImageBuild } from "./build-plan.ts";
import { orderBuilds, runInOrder } from "./build-schedule.ts";
import { imageBuild as build } from "./testing/image-build.ts";

const builds = [
  build("go", 5),
  build("base", 5, ["go"]),
  build("gateway", 8, ["base"]),
  build("short", 10, ["base"]),
  build("long", 300, ["base", "go"]),
];
const names = (ordered: readonly ImageBuild[]) => ordered.map(({ name }) => name);

describe("orderBuilds", () => {
  test("puts first what most is left after", () => {
    expect(names(orderBuilds(builds))).toEqual(["go", "base", "long", "short", "gateway"]);
  });

  test("puts before all what is wanted first, with what it needs", () => {
    expect(names(orderBuilds(builds, { first: ["gateway", "unknown"] }))).toEqual([
      "go",
      "base",
      "gateway",
      "long",
      "short",
    ]);
  });

  test("counts what has to be done with an image once it is built", () => {
    const stepsAfter = new Map([
      ["gateway", 6],
      ["short", 1],
      ["long", 1],
    ]);

    expect(names(orderBuilds(builds, { stepsAfter }))).toEqual(["go", "base", "long", "gateway", "short"]);
  });
});

describe("runInOrder", () => {
  test("begins a build when what it needs is done, in the order given, and no more than it may at a time", async () => {
    const begun: string[] = [];
    const done = new Map<string, () => void>();
    const settle = async (name: string): Promise<void> => {
      done.get(name)?.();
      await new Promise((resolve) => setImmediate(resolve));
    };

    const run = runInOrder(orderBuilds(builds), 2, ({ name }) => {
      begun.push(name);
      return new Promise((resolve) => done.set(name, resolve));
    });
    expect(begun).toEqual(["go"]);
    await settle("go");
    expect(begun).toEqual(["go", "base"]);
    await settle("base");
    expect(begun).toEqual(["go", "base", "long", "short"]);
    await settle("short");
    expect(begun.at(-1)).toBe("gateway");
    await settle("gateway");
    await settle("long");

    expect(await run).toEqual([]);
  });

  test("begins nothing after a failure, and waits for what runs", async () => {
    const begun: string[] = [];
    let slow: () => void = () => undefined;
    const run = runInOrder([build("a", 1), build("b", 1), build("c", 1)], 2, async ({ name }) => {
      begun.push(name);
      if (name === "a") throw new Error("no");
      await new Promise<void>((resolve) => (slow = resolve));
    });
    await new Promise((resolve) => setImmediate(resolve));
    slow();

    expect(await run).toEqual([new Error("no")]);
    expect(begun).toEqual(["a", "b"]);
  });
});
