import { describe, expect, test } from "vitest";
import { estimateBuilds, type RunningBuild } from "./build-estimate.ts";
import type { ImageBuild } from "./build-plan.ts";
import { imageBuild as build } from "./testing/image-build.ts";

const chain = [build("go", 10), build("base", 10, ["go"]), build("app", 10, ["base"]), build("plain", 10, ["base"])];

function remaining(
  given: {
    readonly builds?: readonly ImageBuild[];
    readonly took?: Readonly<Record<string, number>>;
    readonly running?: Readonly<Record<string, RunningBuild>>;
    readonly jobs?: number;
  } = {},
) {
  return estimateBuilds({
    builds: given.builds ?? chain,
    took: new Map(Object.entries(given.took ?? {})),
    running: new Map(Object.entries(given.running ?? {})),
    jobs: given.jobs ?? 1,
  });
}

describe("estimateBuilds", () => {
  test("takes the longest chain when there are workers enough, and the shared work when there are not", () => {
    expect(remaining({ jobs: 8 }).remainingSeconds).toBe(30);
    expect(remaining().remainingSeconds).toBe(40);
  });

  test("shrinks with what is done and with the time a running build has taken", () => {
    expect(remaining({ took: { go: 10 } }).remainingSeconds).toBe(30);
    expect(remaining({ took: { go: 10 }, running: { base: { seconds: 4 } } }).remainingSeconds).toBe(26);
  });

  test("learns from finished builds that this machine is slower", () => {
    // (50 + 20) / (10 + 20), for the three that are left.
    expect(remaining({ took: { go: 50 } }).remainingSeconds).toBe(70);
  });

  test("tells nothing about what remains once a build has passed its estimate, and that it has", () => {
    const { remainingSeconds, ofBuild } = remaining({ running: { go: { seconds: 30 } } });

    expect(remainingSeconds).toBeUndefined();
    expect(ofBuild.get("go")).toEqual({ percent: 95, late: true });
  });

  test("goes by the packages that are compiled, however long the typical time is passed", () => {
    const half = { seconds: 100, packages: { total: 40, seen: 20, seconds: 90 } };

    const { remainingSeconds, ofBuild } = remaining({ builds: [build("app", 10)], running: { app: half } });

    expect(remainingSeconds).toBe(90);
    expect(ofBuild.get("app")).toEqual({ percent: 53, late: false });
  });

  test("never freezes: with every second in which nothing happens the estimate grows, until it says that it is passed", () => {
    const at = (seconds: number) =>
      remaining({
        builds: [build("app", 100)],
        running: { app: { seconds: seconds + 10, packages: { total: 40, seen: 39, seconds } } },
      });

    expect(at(78).remainingSeconds).toBe(2);
    expect(at(390).remainingSeconds).toBe(10);
    const last = remaining({
      builds: [build("app", 100)],
      running: { app: { seconds: 400, packages: { total: 40, seen: 40, seconds: 390 } } },
    });
    expect(last).toMatchObject({ remainingSeconds: undefined });
    expect(last.ofBuild.get("app")?.late).toBe(true);
  });
});
