import { describe, expect, test } from "vitest";
import type { ImageBuild } from "./build-plan.ts";
import { type ImageBuildEvent, plainLine, stepOfLine, trackBuilds } from "./build-progress.ts";

function build(name: string, seconds: number): ImageBuild {
  const image = {
    name,
    kind: "built",
    title: name,
    version: "1",
    licenses: "MIT",
    from: {},
    pins: {},
    contexts: [],
    seconds,
  } as const;
  return { name, reference: `slipway/${name}:1`, image, needs: [] };
}

function track(builds: readonly ImageBuild[], jobs = 1) {
  const events: ImageBuildEvent[] = [];
  const clock = { ms: 0 };
  const progress = trackBuilds({ builds, jobs, monotonicMs: () => clock.ms, report: (event) => events.push(event) });
  return { events, clock, progress };
}

describe("lines of BuildKit's plain progress", () => {
  test("give a step only where one begins", () => {
    expect(stepOfLine("#12 [build 2/3] RUN   build-go minio")).toBe("[build 2/3] RUN build-go minio");
    expect(stepOfLine("#12 4.123 go: downloading x")).toBeUndefined();
    expect(stepOfLine("#12 DONE 3.0s")).toBeUndefined();
  });

  test("lose their number and clock", () => {
    expect(plainLine("#12 4.123 error: no space left")).toBe("error: no space left");
    expect(plainLine("#12 ERROR: exit code 1")).toBe("ERROR: exit code 1");
  });
});

describe("trackBuilds", () => {
  test("estimates the rest from typical times", () => {
    const { events, clock, progress } = track([build("a", 60), build("b", 40)]);

    progress.queued();
    progress.started("a");
    clock.ms = 30_000;
    progress.line("a", "#5 [build 1/2] RUN compile");

    expect(events[0]).toMatchObject({ image: "a", state: "queued", remainingSeconds: 100 });
    expect(events.at(-1)).toMatchObject({
      state: "building",
      percent: 50,
      remainingSeconds: 70,
      step: "[build 1/2] RUN compile",
    });
  });

  test("learns that this machine is slower", () => {
    const { events, clock, progress } = track([build("a", 60), build("b", 40)]);

    progress.started("a");
    clock.ms = 140_000;
    progress.finished("a");

    // (140 + 20) / (60 + 20) = twice as slow.
    expect(events.at(-1)).toMatchObject({ image: "a", state: "built", percent: 100, remainingSeconds: 80 });
  });

  test("does not report every line of a log, and never 100 percent before the end", () => {
    const { events, clock, progress } = track([build("a", 1)]);

    progress.started("a");
    for (let line = 0; line < 100; line += 1) progress.line("a", `#5 0.1 line ${line}`);
    clock.ms = 60_000;
    progress.line("a", "#5 60 late");

    expect(events).toHaveLength(2);
    expect(events.at(-1)?.percent).toBe(95);
  });

  test("keeps the last thirty lines", () => {
    const { progress } = track([build("a", 1)]);

    for (let line = 0; line < 50; line += 1) progress.line("a", `#5 0.1 line ${line}`);
    progress.line("a", "");

    expect(progress.lastLines("a")).toHaveLength(30);
    expect(progress.lastLines("a").at(-1)).toBe("line 49");
  });
});
