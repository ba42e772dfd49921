import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openBackupFolder, signIn } from "./work-folder.ts";

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "work-folder-"));
});

afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

it("who works knows everybody who was there before, also who only looked or restored", async () => {
  await writeFile(join(root, "hosts"), "copied\n");
  await writeFile(join(root, "hosts"), "restored\n", { flag: "a" });
  await signIn(root);

  const looking = await openBackupFolder(root, "look");
  const working = await openBackupFolder(root, "work");

  // Who only looks removes nobody's lock: one who works may be alive.
  expect(looking.deadHosts).toEqual([]);
  expect(working.deadHosts).toEqual(["copied", "restored"]);
  expect(new Set((await readFile(join(root, "hosts"), "utf8")).trim().split("\n"))).toEqual(
    new Set(["copied", "restored", hostname()]),
  );
});

it("who comes later gets the folder from who was left behind by a killed command, which ends itself", async () => {
  const module = JSON.stringify(new URL("./work-folder.ts", import.meta.url).href);
  const script = `const { openBackupFolder } = await import(${module});
    await openBackupFolder(process.argv[1], "work");
    console.log("working");
    setInterval(() => {}, 1000);`;
  const left = spawn(process.execPath, ["--input-type=module", "--eval", script, root], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(left, "exit");
  await once(left.stdout, "data");

  await openBackupFolder(root, "work");

  expect(await ended).toEqual([null, "SIGTERM"]);
});
