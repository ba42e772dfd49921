import { expect, test } from "vitest";
import type { ContainerState, Docker } from "../../platform/ports.ts";
import { createClock } from "../../platform/clock.ts";
import type { ServiceChange } from "./compose-commands.ts";
import { runJobForStatus } from "./run-job.ts";

interface RunMore {
  readonly removing?: (removal: Promise<void>) => void;
  readonly inspect?: () => Promise<void>;
}

/** An engine with what a killed run left of a job, and Compose, which replaces it. */
function engineWith(...left: readonly { readonly id: string; readonly labels: Readonly<Record<string, string>> }[]) {
  let containers = left.map((container) => ({ ...container, service: "bootstrap" }) as ContainerState);
  const made: (ServiceChange | undefined)[] = [];
  const started: string[] = [];
  const docker = {
    containers: () => Promise.resolve(containers),
    start: (id: string) => Promise.resolve(void started.push(id)),
    wait: () => Promise.resolve(0),
    removeContainer: (id: string) => {
      containers = containers.filter((container) => container.id !== id);
      return Promise.resolve();
    },
  } as unknown as Docker;
  const compose = {
    create: (services: readonly string[], over?: ServiceChange) => {
      made.push(over);
      containers = services.map((service) => ({ id: "new", service, labels: over?.labels ?? {} }) as ContainerState);
      return Promise.resolve();
    },
  };
  const run = (given?: readonly string[], more: RunMore = {}): Promise<number> =>
    runJobForStatus(
      { docker, clock: createClock(), compose, ...(more.removing && { removing: more.removing }) },
      {
        ...{ id: "bootstrap", title: "Prepare", project: "p", limitSeconds: 60 },
        signal: new AbortController().signal,
        ...(given === undefined ? {} : { arguments: given }),
      },
      more.inspect ?? (() => Promise.resolve()),
    );
  return { run, made, started, left: () => containers.length };
}

test("a job with other arguments gets a container of its own, which says what it is", async () => {
  const { run, made, started, left } = engineWith({ id: "waiting", labels: {} });

  await run(["run", "--probe"]);

  expect(made).toEqual([{ command: ["run", "--probe"], labels: { "dev.slipway.probe": "run --probe" } }]);
  expect(started).toEqual(["new"]);
  expect(left()).toBe(0);
});

test("a job never starts what a killed run left to only look", async () => {
  const { run, made, started } = engineWith({ id: "looks", labels: { "dev.slipway.probe": "run --probe" } });

  await run();

  expect(made).toEqual([undefined]);
  expect(started).toEqual(["new"]);
});

test("a job starts the container that was made for it", async () => {
  const { run, made, started, left } = engineWith({ id: "waiting", labels: {} });

  await run();

  expect([made, started, left()]).toEqual([[], ["waiting"], 0]);
});

test("a container whose job ended well is handed over while it is removed", async () => {
  const { run, left } = engineWith({ id: "waiting", labels: {} });
  const removals: Promise<void>[] = [];

  expect(await run(undefined, { removing: (removal) => void removals.push(removal) })).toBe(0);
  await Promise.all(removals);

  expect([removals.length, left()]).toEqual([1, 0]);
});

test("that of one that failed is gone before anybody hears of it", async () => {
  const { run, left } = engineWith({ id: "waiting", labels: {} });
  const removals: Promise<void>[] = [];
  const failed = run(undefined, {
    removing: (removal) => void removals.push(removal),
    inspect: () => Promise.reject(new Error("it failed")),
  });

  await expect(failed).rejects.toThrow("it failed");
  expect([removals.length, left()]).toEqual([0, 0]);
});
