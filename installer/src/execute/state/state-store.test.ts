import { expect, test } from "vitest";
import { createMemoryFileSystem, createSeededRandom, createStillClock } from "../../../test/support/memory-ports.ts";
import { defaultStateDirectory, stateLayout } from "./layout.ts";
import { openApplied, openState, readApplied, readIdentity, readRecordedPlan } from "./state-store.ts";

const layout = stateLayout("/var/lib/slipway/a");

function ports(files: Readonly<Record<string, string>> = {}) {
  const fs = createMemoryFileSystem(files);
  return { fs, clock: createStillClock(), random: createSeededRandom(), failpoint: () => undefined };
}

test("an install is given an identity once", async () => {
  const first = ports();
  const made = await openState(first, layout, "a");
  const again = await openState({ ...first, random: createSeededRandom("other") }, layout, "a");

  expect(again).toEqual(made);
  expect(await first.fs.readText(layout.format)).toBe("1\n");
  expect(first.fs.operations).toEqual([`write ${layout.format}`, `write ${layout.identity}`]);
});

test("the state of one install is not taken for another's", async () => {
  const both = ports();
  await openState(both, layout, "a");

  await expect(openState(both, layout, "b")).rejects.toThrow("is the state of the install a, not of b");
});

test("a state of another format is refused, not guessed at", async () => {
  const newer = ports({ [layout.format]: "2\n" });

  await expect(readIdentity(newer.fs, layout)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "/var/lib/slipway/a has state format 2, this version of slipway reads 1",
  });
});

test.each(["applied.json", "plan.json", "identity.json"])(
  "a damaged %s is named, and nothing is taken from it",
  async (name) => {
    const { fs } = ports({ [layout.format]: "1\n", [`${layout.root}/${name}`]: '{"release":3,"initialised":{"a_db' });
    const read = async (): Promise<unknown> => [
      await readIdentity(fs, layout),
      await readApplied(fs, layout),
      await readRecordedPlan(fs, layout),
    ];

    await expect(read()).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `/var/lib/slipway/a/${name} is damaged: it is not JSON`,
    });
  },
);

test("a directory in which others may write is refused", async () => {
  const open = ports();
  const fs = { ...open.fs, foreignWritable: () => Promise.resolve("/var/lib/slipway") };

  await expect(openState({ ...open, fs }, layout, "a")).rejects.toThrow("others may write to /var/lib/slipway");
  expect(open.fs.operations).toEqual([]);
});

test("when what is done is no longer known, the plan still tells which volumes served and which secrets were made", async () => {
  const plan = {
    install: { name: "a" },
    components: [
      { id: "db", volumes: [{ name: "data" }] },
      { id: "web", volumes: [] },
    ],
    secrets: [{ name: "db-admin" }],
  };
  const { fs } = ports({ [layout.plan]: JSON.stringify(plan) });

  const applied = await readApplied(fs, layout);

  expect(applied.initialised).toEqual({ "a_db-data": { component: "db", at: "" } });
  expect(Object.keys(applied.secrets)).toEqual(["db-admin"]);
  expect(applied).toMatchObject({ project: "a", services: {}, jobs: {}, files: {} });
});

test("changes made side by side are all kept", async () => {
  const { fs } = ports();
  const record = await openApplied(fs, layout);
  await Promise.all(
    ["x", "y", "z"].map((id) =>
      record.update((applied) => ({ jobs: { ...applied.jobs, [id]: { inputsHash: id, at: "" } } })),
    ),
  );

  expect(Object.keys((await readApplied(fs, layout)).jobs)).toEqual(["x", "y", "z"]);
});

test("a change that cannot be written is not taken as made, and the next one is", async () => {
  const { fs } = ports();
  let full = true;
  const writeAtomic: typeof fs.writeAtomic = (...write) =>
    full ? Promise.reject(new Error("the disk is full")) : fs.writeAtomic(...write);
  const record = await openApplied({ ...fs, writeAtomic }, layout);
  const done = (id: string) => record.update(({ jobs }) => ({ jobs: { ...jobs, [id]: { inputsHash: id, at: "" } } }));

  await expect(done("x")).rejects.toThrow("the disk is full");
  expect(record.current().jobs).toEqual({});
  full = false;
  await done("y");

  expect(Object.keys(record.current().jobs)).toEqual(["y"]);
  expect(Object.keys((await readApplied(fs, layout)).jobs)).toEqual(["y"]);
});

test.each([
  [{ root: true, home: "/root" }, "/var/lib/slipway/a"],
  [{ root: false, home: "/home/me" }, "/home/me/.local/state/slipway/a"],
  [{ root: false, home: "/home/me", xdgStateHome: "/state" }, "/state/slipway/a"],
  [{ root: false, home: "/home/me", xdgStateHome: "relative" }, "/home/me/.local/state/slipway/a"],
])("the state directory of %j is %s", (options, path) => {
  expect(defaultStateDirectory({ name: "a", ...options })).toBe(path);
});
