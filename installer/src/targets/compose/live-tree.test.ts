import { expect, test } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { Docker, FileSystem, Host } from "../../platform/ports.ts";
import { completeWanted } from "../../execute/wanted.ts";
import { samplePlan } from "../../../test/support/sample-plan.ts";
import { openApplied } from "../../execute/state/state-store.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { changeRecord, composeRecord } from "./compose-record.ts";
import { changedFiles, writeLiveTree, writeNotices } from "./live-tree.ts";

const digestKey = "00".repeat(32);
const layout = stateLayout("/state");
const readers = [
  { id: "gateway", role: "service" as const, image: "i", specHash: "s", filePaths: ["files/gateway/nginx.conf"] },
  { id: "redis", role: "service" as const, image: "i", specHash: "s", filePaths: ["files/redis/valkey.conf"] },
];
const rendering = {
  files: readers.flatMap((unit) =>
    unit.filePaths.map((path) => ({ path, contents: [`# ${path}\n`], secret: false, owner: 7 })),
  ),
  units: readers,
  stores: [],
};
const wanted = [...completeWanted({ plan: samplePlan, rendering }, { read: () => "" }, digestKey).files.values()];
const host = { isRoot: () => true } as Host;

async function written() {
  const fs = createMemoryFileSystem();
  const record = await openApplied(fs, layout);
  const write = (files: FileSystem = fs) =>
    writeLiveTree({ fs: files, host, docker: {} as Docker }, wanted, record, {
      root: layout.live,
      digestKey,
      readers,
      notices: ["notices/page"],
    });
  await write();
  await record.update((applied) =>
    changeRecord(applied, {
      containers: { gateway: { containerId: "g", filesDigest: "1" }, redis: { containerId: "r", filesDigest: "2" } },
    }),
  );
  return { fs, record, write, path: `${layout.live}/files/gateway/nginx.conf` };
}

test("a file whose contents changed and whose size did not is found", async () => {
  const { fs, record, path } = await written();
  const untouched = await changedFiles({ fs: fs, root: layout.live, digestKey }, composeRecord(record.current()));

  await fs.writeAtomic(path, (await fs.readText(path)).replace("#", "%"), { mode: 0o400, owner: 7 });

  expect(untouched).toEqual([]);
  expect(await changedFiles({ fs: fs, root: layout.live, digestKey }, composeRecord(record.current()))).toEqual([
    "files/gateway/nginx.conf",
  ]);
});

test("a missing file, and a directory in its place, are found and written again", async () => {
  const { fs, record, write, path } = await written();
  await fs.remove(path);
  await fs.makeDirectory(path, 0o755);

  const found = await changedFiles({ fs: fs, root: layout.live, digestKey }, composeRecord(record.current()));
  const { written: files } = await write();

  expect(found).toEqual(["files/gateway/nginx.conf"]);
  expect(files).toEqual(found);
  expect(await fs.readText(path)).toBe("# files/gateway/nginx.conf\n");
});

test("who reads a file is marked for a restart before the file is written, and nobody else", async () => {
  const { fs, record, write, path } = await written();
  await fs.writeAtomic(path, "changed", { mode: 0o400, owner: 7 });
  const killed = {
    ...fs,
    writeAtomic: (name: string, ...rest: [string | Uint8Array]) =>
      name === path ? Promise.reject(new Error("killed")) : fs.writeAtomic(name, ...rest),
  };

  await expect(write(killed)).rejects.toThrow("killed");

  expect(composeRecord((await openApplied(fs, layout)).current()).containers).toEqual({
    gateway: { containerId: "g", filesDigest: "" },
    redis: { containerId: "r", filesDigest: "2" },
  });
  expect(composeRecord(record.current()).files).toHaveProperty(["files/gateway/nginx.conf"]);
});

test("a file that may not be read is judged by its size", async () => {
  const { fs, record, path } = await written();
  const locked = { ...fs, readBytes: () => Promise.reject(Object.assign(new Error("no"), { code: "EACCES" })) };
  const before = await changedFiles({ fs: locked, root: layout.live, digestKey }, composeRecord(record.current()));
  await fs.writeAtomic(path, "# x\n", { mode: 0o400, owner: 7 });

  expect(before).toEqual([]);
  expect(await changedFiles({ fs: locked, root: layout.live, digestKey }, composeRecord(record.current()))).toEqual([
    "files/gateway/nginx.conf",
  ]);
});

test("the folder of notices is there for its reader, and what others wrote there stays", async () => {
  const { fs, record, write } = await written();
  const folder = `${layout.live}/notices/page`;
  const made = await fs.stat(folder);
  await writeNotices(
    fs,
    folder,
    new Map([
      ["en.html", "one"],
      ["zh.html", "two"],
    ]),
  );
  const { removed } = await write();
  await writeNotices(fs, folder, new Map([["en.html", "three"]]));

  expect(made).toMatchObject({ directory: true, mode: 0o755 });
  expect(removed).toEqual([]);
  expect(await fs.list(folder)).toEqual(["en.html"]);
  expect(await fs.readText(`${folder}/en.html`)).toBe("three");
  expect((await fs.stat(`${folder}/en.html`))?.mode).toBe(0o644);
  expect(await changedFiles({ fs, root: layout.live, digestKey }, composeRecord(record.current()))).toEqual([]);
});

test("a folder of notices that the engine made itself, as another user, stops no run", async () => {
  const { fs, write } = await written();
  const folder = `${layout.live}/notices/page`;
  const foreign: FileSystem = {
    ...fs,
    makeDirectory: (path, mode) =>
      path === folder ? Promise.reject(new Error(`EPERM ${path}`)) : fs.makeDirectory(path, mode),
  };

  await expect(write(foreign)).resolves.toMatchObject({ removed: [] });
});

test("configuration that cannot be given to its readers stops the run", async () => {
  const fs = createMemoryFileSystem();
  const record = await openApplied(fs, layout);
  const asUser = { isRoot: () => false } as Host;

  await expect(
    writeLiveTree({ fs, host: asUser, docker: {} as Docker }, wanted, record, {
      root: layout.live,
      digestKey,
      readers,
      notices: [],
    }),
  ).rejects.toMatchObject({ code: "APPLY_FAILED", message: /cannot be given to the users of the services/ });
});
