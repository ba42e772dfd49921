import { expect, test } from "vitest";
import { createMemoryFileSystem, createStillClock } from "../../test/support/memory-ports.ts";
import type { Plan } from "../plan/model.ts";
import { fixturePlan } from "../../test/support/fixture-plan.ts";
import { ApplyError } from "../errors/installer-error.ts";
import type { Unit } from "../render/rendering.ts";
import { bringUp, type UnitDriver } from "./bring-up.ts";
import { openJournal } from "./journal/journal.ts";
import { stateLayout } from "./state/layout.ts";
import { openApplied } from "./state/state-store.ts";
import { completeWanted } from "./wanted.ts";

const fixture = fixturePlan({ name: "p" });
/** The same with a job that waits for the store by itself. */
const withEarlyJob = { ...fixture, jobs: fixture.jobs.map((job) => ({ ...job, waits: true as const })) };

interface StartOptions {
  readonly timeoutSeconds?: number;
  readonly fails?: string;
  readonly plan?: Plan;
  /** Resolves when a service that was started serves. */
  readonly serves?: (id: string) => Promise<unknown>;
  /** How the job ends. */
  readonly runs?: () => Promise<void>;
}

/** The fixture with an image of its own for each unit, on a target that does at once what it is told. */
async function start(
  imageReady: (image: string) => Promise<void>,
  present: readonly string[],
  {
    timeoutSeconds,
    fails,
    plan = fixture,
    serves = () => Promise.resolve(),
    runs = () => Promise.resolve(),
  }: StartOptions = {},
) {
  const unit = (id: string, role: Unit["role"]): Unit => ({
    id,
    role,
    image: `image-of-${id}`,
    specHash: id,
    filePaths: [],
  });
  const services = plan.components.map(({ id }) => unit(id, "service"));
  const rendering = { files: [], units: [...services, unit("prepare", "job")], stores: [] };
  const ports = { fs: createMemoryFileSystem(), clock: createStillClock(), failpoint: () => Promise.resolve() };
  const layout = stateLayout("/state");
  const done: string[] = [];
  const limits = new Map<string, number>();
  const note = (word: string): Promise<void> => Promise.resolve(void done.push(word));
  const driver: UnitDriver = {
    leftovers: () => Promise.resolve([]),
    isGone: () => Promise.resolve(true),
    remove: () => Promise.resolve(),
    running: () => Promise.resolve(undefined),
    stop: () => Promise.resolve(),
    create: (units) => note(`create ${units.map(({ id }) => id).join(" ")}`),
    missing: () => Promise.resolve(services.map(({ id }) => id)),
    isCurrent: () => Promise.resolve(false),
    start: async ({ id }, { seconds, onBegun }) => {
      limits.set(id, seconds);
      await note(`start ${id}`);
      onBegun();
      await serves(id);
      if (id === fails) throw new ApplyError(`${id} does not stay up`);
      return (target) => target;
    },
    settled: () => Promise.resolve(),
    runJob: async ({ id }) => {
      await note(`run ${id}`);
      await runs();
    },
  };
  const ended = bringUp(
    {
      ...ports,
      wanted: completeWanted({ plan, rendering }, { read: () => "" }, "00"),
      journal: await openJournal(ports, layout.journal, "run"),
      record: await openApplied(ports.fs, layout),
      report: () => undefined,
      signal: new AbortController().signal,
      imageReady,
      presentImages: new Set(present),
      timeoutSeconds,
    },
    driver,
  );
  return { done, ended, limits, clock: ports.clock };
}

test("what has its image starts while others are still waited for, and what needs those waits too", async () => {
  const late = Promise.withResolvers<undefined>();
  const web = Promise.withResolvers<undefined>();
  const { done, ended } = await start(
    async (image) => {
      if (image === "image-of-web") web.resolve(undefined);
      if (image === "image-of-store") await late.promise;
    },
    ["image-of-web", "image-of-app", "image-of-prepare"],
  );
  await web.promise;
  await expect.poll(() => done).toContain("start web");
  const early = [...done];
  late.resolve(undefined);
  await ended;

  expect(early).toEqual(["create app web prepare", "start web"]);
  expect(done.slice(2)).toEqual(["start store", "run prepare", "start app"]);
});

test("an image that cannot be built is what the run fails with, and what is done is told", async () => {
  const broken = new ApplyError("the image cannot be built");
  const { ended } = await start(
    (image) => (image === "image-of-store" ? Promise.reject(broken) : Promise.resolve()),
    [],
  );

  await expect(ended).rejects.toMatchObject({
    message: "the image cannot be built",
    details: [expect.stringMatching(/^already done: (web|nothing)$/)],
  });
});

test("a component that does not come up ends the run at once, also while images of others are being built", async () => {
  const never = new Promise<void>(() => undefined);
  const { ended } = await start((image) => (image === "image-of-web" ? Promise.resolve() : never), ["image-of-web"], {
    fails: "web",
  });

  await expect(ended).rejects.toMatchObject({ message: "web does not stay up" });
});

test("the time that a person allows counts from when the last image came", async () => {
  const late = Promise.withResolvers<undefined>();
  const { done, ended, limits, clock } = await start(
    (image) => (image === "image-of-store" ? late.promise : Promise.resolve()),
    ["image-of-web", "image-of-app", "image-of-prepare"],
    { timeoutSeconds: 20 },
  );
  await expect.poll(() => done).toContain("start web");
  clock.advance(600_000);
  late.resolve(undefined);
  await ended;

  expect(limits.get("store")).toBe(20);
});

const everyImage = ["store", "app", "web", "prepare"].map((id) => `image-of-${id}`);
const isThere = (): Promise<void> => Promise.resolve();

test("a job that waits by itself begins with the service that it needs, and only that one's need comes first", async () => {
  const store = Promise.withResolvers<undefined>();
  const { done, ended } = await start(isThere, everyImage, {
    plan: withEarlyJob,
    serves: (id) => (id === "store" ? store.promise : isThere()),
  });
  await expect.poll(() => done).toContain("run prepare");
  const early = [...done];
  store.resolve(undefined);
  await ended;

  expect(early).not.toContain("start app");
  expect(done.slice(-1)).toEqual(["start app"]);
});

test("one that fails before that service serves runs again once it does", async () => {
  const store = Promise.withResolvers<undefined>();
  let runs = 0;
  const { done, ended } = await start(isThere, everyImage, {
    plan: withEarlyJob,
    serves: (id) => (id === "store" ? store.promise : isThere()),
    runs: () => {
      runs += 1;
      if (runs > 1) return Promise.resolve();
      store.resolve(undefined);
      return Promise.reject(new ApplyError("no answer"));
    },
  });
  await ended;

  expect(runs).toBe(2);
  expect(done.slice(-2)).toEqual(["run prepare", "start app"]);
});

test("one that fails again, or beside a service that does not come up, is what the run fails with", async () => {
  const broken = new ApplyError("the job prepare failed");
  const again = await start(isThere, everyImage, { plan: withEarlyJob, runs: () => Promise.reject(broken) });
  await expect(again.ended).rejects.toThrow("the job prepare failed");

  const job = Promise.withResolvers<undefined>();
  const beside = await start(isThere, everyImage, {
    plan: withEarlyJob,
    serves: async (id) => {
      if (id !== "store") return;
      await job.promise;
      throw new ApplyError("store does not stay up");
    },
    runs: () => {
      job.resolve(undefined);
      return Promise.reject(broken);
    },
  });
  await expect(beside.ended).rejects.toThrow("store does not stay up");
});
