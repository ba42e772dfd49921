import { expect, test } from "vitest";
import { createMemoryFileSystem, createSeededRandom, createStillClock } from "../../../test/support/memory-ports.ts";
import { appliedHash } from "../applied-hash.ts";
import { openInstall } from "./install.ts";
import { defaultStateDirectory, stateLayout } from "./layout.ts";
import { openApplied, openState, readApplied, readIdentity, readRecordedPlan } from "./state-store.ts";

const layout = stateLayout("/var/lib/slipway/a");
const target = { kind: "compose" };

function ports(files: Readonly<Record<string, string>> = {}) {
  const fs = createMemoryFileSystem(files);
  return { fs, clock: createStillClock(), random: createSeededRandom(), failpoint: () => undefined };
}

test("an install is given an identity once", async () => {
  const first = ports();
  const made = await openState(first, layout, { name: "a", target });
  const again = await openState({ ...first, random: createSeededRandom("other") }, layout, { name: "a", target });

  expect(again).toEqual(made);
  expect(await first.fs.readText(layout.format)).toBe("2\n");
  expect(first.fs.operations).toEqual([`write ${layout.format}`, `write ${layout.identity}`]);
});

test("the state of one install is not taken for another's", async () => {
  const both = ports();
  await openState(both, layout, { name: "a", target });

  await expect(openState(both, layout, { name: "b", target })).rejects.toThrow(
    "is the state of the install a, not of b",
  );
});

test("a state of another format is refused, not guessed at", async () => {
  const newer = ports({ [layout.format]: "3\n" });

  await expect(readIdentity(newer.fs, layout)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "/var/lib/slipway/a has state format 3, this version of slipway reads 2",
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

test.each([
  ["uuid", { name: "a", digestKey: "00" }],
  ["digestKey", { uuid: "u", name: "a" }],
  ["target", { apiVersion: "slipway/v2", uuid: "u", name: "a", digestKey: "00" }],
])("an identity without its %s is damaged", async (key, record) => {
  const { fs } = ports({ [layout.format]: "2\n", [layout.identity]: JSON.stringify(record) });

  await expect(readIdentity(fs, layout)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: `/var/lib/slipway/a/identity.json is damaged: it has no ${key}`,
  });
});

test("a directory in which others may write is refused", async () => {
  const open = ports();
  const fs = { ...open.fs, foreignWritable: () => Promise.resolve("/var/lib/slipway") };

  await expect(openState({ ...open, fs }, layout, { name: "a", target })).rejects.toThrow(
    "others may write to /var/lib/slipway",
  );
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

  expect(applied.initialised).toEqual({ "db/data": { at: "" } });
  expect(Object.keys(applied.secrets)).toEqual(["db-admin"]);
  expect(applied).toMatchObject({ stores: [{ component: "db", volume: "data" }], jobs: {}, target: {} });
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

const recordsOf010 = {
  [layout.format]: "1\n",
  [layout.identity]: JSON.stringify({ uuid: "u", name: "a", createdAt: "then", digestKey: "00" }),
  [layout.values]: "domain: localhost\n",
  [layout.applied]: JSON.stringify({
    release: 3,
    planHash: "of another form",
    project: "a",
    units: [{ id: "db", image: "i", specHash: "s", filePaths: ["files/db/x"] }],
    jobUnits: [{ id: "prepare", image: "i", specHash: "j", filePaths: [] }],
    volumeUnits: [{ engineName: "a_db-the-data", component: "db", volume: "the-data", uid: 7 }],
    services: { db: { containerId: "c", filesDigest: "f" } },
    jobs: { prepare: { inputsHash: "h", at: "then" } },
    initialised: { "a_db-the-data": { component: "db", at: "then" } },
    files: { "files/db/x": { digest: "d", size: 1, owner: 7 } },
    secrets: { password: { inputsHash: "p" } },
  }),
};

test("records of 0.1.0 are read as if they were of today", async () => {
  const { fs } = ports(recordsOf010);

  expect(await readIdentity(fs, layout)).toMatchObject({ uuid: "u", target: { kind: "compose" } });
  expect(await readApplied(fs, layout)).toEqual({
    release: 3,
    appliedHash: appliedHash(
      [
        { id: "db", role: "service", image: "i", specHash: "s", filePaths: [] },
        { id: "prepare", role: "job", image: "i", specHash: "j", filePaths: [] },
      ],
      "domain: localhost\n",
    ),
    units: [
      { id: "db", role: "service", image: "i", specHash: "s", filePaths: ["files/db/x"] },
      { id: "prepare", role: "job", image: "i", specHash: "j", filePaths: [] },
    ],
    stores: [{ component: "db", volume: "the-data" }],
    jobs: { prepare: { inputsHash: "h", at: "then" } },
    initialised: { "db/the-data": { at: "then" } },
    secrets: { password: { inputsHash: "p" } },
    target: {
      containers: { db: { containerId: "c", filesDigest: "f" } },
      files: { "files/db/x": { digest: "d", size: 1, owner: 7 } },
      volumes: [{ engineName: "a_db-the-data", component: "db", volume: "the-data", uid: 7 }],
    },
  });
  expect(fs.operations).toEqual([]);
});

test.each(["state:upgrade-format", "state:upgrade-applied", undefined])(
  "records of 0.1.0 are brought to this format, also by the run after one that was killed at %s",
  async (point) => {
    const first = ports(recordsOf010);
    const wanted = await readApplied(first.fs, layout);
    const killed = {
      ...first,
      failpoint: (name: string) => (name === point ? Promise.reject(new Error("killed")) : Promise.resolve()),
    };
    await openState(killed, layout, { name: "a", target }).catch(() => undefined);
    await openState(first, layout, { name: "a", target });

    expect(await first.fs.readText(layout.format)).toBe("2\n");
    expect(await readApplied(first.fs, layout)).toEqual(wanted);
    expect(JSON.parse(await first.fs.readText(layout.identity))).toMatchObject({
      apiVersion: "slipway/v2",
      uuid: "u",
      target: { kind: "compose" },
    });
    expect(JSON.parse(await first.fs.readText(layout.applied))).toMatchObject({ apiVersion: "slipway/v2" });
  },
);

test("0.1.0 does not read a record that was changed without an install, as an uninstall does", async () => {
  const { fs } = ports(recordsOf010);
  const record = await openApplied(fs, layout);
  await record.update(() => ({ appliedHash: "" }));
  await record.update(() => ({ release: 4 }));

  expect(await fs.readText(layout.format)).toBe("2\n");
  expect(fs.operations).toEqual([layout.format, layout.applied, layout.applied].map((path) => `write ${path}`));
  expect(await readIdentity(fs, layout)).toMatchObject({ uuid: "u" });
});

test.each(["applied.json", "plan.json", "identity.json"])("a %s of a newer version is refused", async (name) => {
  const { fs } = ports({ [layout.format]: "2\n", [`${layout.root}/${name}`]: '{"apiVersion":"slipway/v9"}' });

  await expect(openInstall({ name: "a", stateDir: layout.root }, fs)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: expect.stringMatching(new RegExp(`${name} has version slipway/v9, and this version`)) as string,
  });
});
