import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { runCli } from "./run-cli.ts";
import { prepareRun } from "./testing/prepare-run.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-fs-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function failing(action: () => Promise<unknown>): Promise<{ readonly status: number; readonly text: string }> {
  const run = prepareRun(folder, { engine: { exportCa: () => action() as Promise<never> } });
  const status = await runCli(["ca", "export"], run.context);
  return { status, text: run.stderr() };
}

describe("what the file system refuses", () => {
  it("names the file that was to be written, not the temporary one beside it", async () => {
    const run = await failing(() => writeFile(join(folder, "none/.ca.pem.80b01ac191fc.tmp"), ""));

    expect(run.status).toBe(6);
    expect(run.text).toContain(`error: cannot use ${join(folder, "none/ca.pem")}: no such file or directory\n`);
    expect(run.text).toContain("hint: make the directory first");
    expect(run.text).not.toContain("defect");
  });

  it("says that a part of the path is not a directory", async () => {
    writeFileSync(join(folder, "file"), "");
    const run = await failing(() => readFile(join(folder, "file/inside")));

    expect(run.text).toContain("a part of the path is not a directory");
  });

  it.each([
    ["permission denied", { code: "EACCES" }],
    ["the disk is full", { code: "ENOSPC" }],
    ["the file system is read-only", { code: "EROFS" }],
  ])("says %s", async (reason, error) => {
    const run = await failing(() => Promise.reject(Object.assign(new Error("x"), error, { path: "/root/x" })));

    expect(run.text).toContain(`error: cannot use /root/x: ${reason}\n`);
  });

  it.each([
    ["a program that cannot be started", { code: "ENOENT", path: "tool", syscall: "spawn tool" }],
    ["an error of another kind", { code: "ELOOP", path: "/x" }],
  ])("leaves %s as it is", async (_what, error) => {
    const run = await failing(() => Promise.reject(Object.assign(new Error("broken"), error)));

    expect(run.status).toBe(1);
    expect(run.text).toContain("error: broken\n");
  });
});
