import { describe, expect, test } from "vitest";
import type { ImageBuild } from "./build-plan.ts";
import { type ImageBuildEvent, trackBuilds } from "./build-progress.ts";
import { imageBuild as build } from "./testing/image-build.ts";

function track(builds: readonly ImageBuild[], jobs = 1) {
  const events: ImageBuildEvent[] = [];
  const clock = { ms: 0 };
  const progress = trackBuilds({ builds, jobs, monotonicMs: () => clock.ms, report: (event) => events.push(event) });
  return { events, clock, progress };
}

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
      elapsedSeconds: 30,
      remainingSeconds: 70,
      detail: "[build 1/2] RUN compile",
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
    const { events, clock, progress } = track([build("a", 10)]);

    progress.started("a");
    for (let line = 0; line < 100; line += 1) progress.line("a", `#5 0.1 line ${line}`);
    clock.ms = 9_990;
    progress.line("a", "#5 9.9 nearly done");

    expect(events).toHaveLength(2);
    expect(events.at(-1)?.percent).toBe(95);
  });

  test("tells the package that is compiled, and how many of how many", () => {
    const { events, clock, progress } = track([build("a", 100)]);

    progress.started("a");
    progress.line("a", "#5 1.0 packages: 4");
    for (const name of ["one", "two"]) progress.line("a", `#5 2.0 example.com/${name}`);
    clock.ms = 20_000;
    progress.tick();

    // Half of them in 20 seconds.
    expect(events.at(-1)).toMatchObject({
      detail: "compiling example.com/two (2 of 4)",
      percent: 50,
      elapsedSeconds: 20,
      remainingSeconds: 20,
    });
  });

  test("reports a build that prints nothing, with the time it has taken, and says when that is longer than estimated", () => {
    const { events, clock, progress } = track([build("a", 30)]);

    progress.started("a");
    progress.line("a", "#5 1.0 example.com/large");
    for (let second = 5; second <= 60; second += 5) {
      clock.ms = second * 1000;
      progress.tick();
    }

    const told = events.slice(1).map((event) => [event.elapsedSeconds, event.remainingSeconds, event.late ?? false]);
    expect(told).toEqual([
      [5, 25, false],
      [10, 20, false],
      [15, 15, false],
      [20, 10, false],
      [25, 5, false],
      [30, 0, false],
      ...[35, 40, 45, 50, 55, 60].map((second) => [second, undefined, true]),
    ]);
  });

  test("reports the making of the Debian base as well", () => {
    const { events, clock, progress } = track([build("a", 30)]);

    progress.working("debian", "pulling debian");
    clock.ms = 5_000;
    progress.tick();
    progress.finished("debian");
    clock.ms = 20_000;
    progress.tick();

    expect(events.map(({ image, state, elapsedSeconds }) => [image, state, elapsedSeconds])).toEqual([
      ["debian", "building", 0],
      ["debian", "building", 5],
      ["debian", "built", 5],
    ]);
  });

  test("keeps what was printed, as it came", () => {
    const { progress } = track([build("a", 1)]);

    for (const line of ["#5 0.1 line 1", "", "#5 0.2 line 2"]) progress.line("a", line);

    expect(progress.output("a")).toEqual(["#5 0.1 line 1", "#5 0.2 line 2"]);
    expect(progress.output("b")).toEqual([]);
  });
});
