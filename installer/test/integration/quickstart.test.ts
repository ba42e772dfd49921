/** What `./quickstart` says and asks before it installs anything: in a copy, on a machine that has nothing, whose apt-get only notes its calls. */
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ChildResult, mustRun, runChild } from "../support/child.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const tools = "sh cat cmp dirname env flock mkdir mktemp readlink rm sed tail".split(" ");
let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-quickstart-"));
  path = join(folder, "path");
  await mkdir(path);
  await mkdir(join(folder, "checkout"));
  for (const name of ["quickstart", "scripts", "package-lock.json"])
    await cp(join(root, name), join(folder, "checkout", name), { recursive: true });
  for (const name of tools) await symlink((await mustRun("sh", ["-c", `command -v ${name}`])).trim(), join(path, name));
  await program("id", "echo 0");
  await program("apt-get", `echo "$*" >>${join(folder, "apt-calls")}\nexit 100`);
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

function program(name: string, body: string): Promise<void> {
  return writeFile(join(path, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}

const quickstart = (): string => join(folder, "checkout", "quickstart");
const env = (): NodeJS.ProcessEnv => ({ PATH: path, HOME: folder, TMPDIR: folder });

/** On a terminal, where somebody types the answer. */
async function onTerminal(answer: string): Promise<ChildResult> {
  const script = (await mustRun("sh", ["-c", "command -v script"])).trim();
  return runChild(script, ["-q", "-e", "-c", quickstart(), "/dev/null"], {
    env: { ...env(), SHELL: join(path, "sh") },
    input: `${answer}\n`,
  });
}

const aptCalls = (): Promise<string> => readFile(join(folder, "apt-calls"), "utf8").catch(() => "");

const announced = [
  /nodejs, npm +packages of the distribution/,
  /Docker with Compose +packages of the distribution/,
  /mmdebstrap +package of the distribution/,
  /undo +\.\/slipway uninstall/,
];

describe("quickstart on a machine that has nothing", () => {
  it("says what it would install, asks where somebody can answer, and takes no for an answer", async () => {
    const { exitCode, stdout } = await onTerminal("n");

    for (const line of announced) expect(stdout).toMatch(line);
    expect(stdout).toContain("Go on? [y/N]");
    expect(stdout).toContain("declined; nothing was changed");
    expect(exitCode).toBe(10);
    expect(await aptCalls()).toBe("");
  });

  it("begins after a yes, with packages of the distribution", async () => {
    const { exitCode, stdout } = await onTerminal("y");

    expect(stdout).toMatch(/Go on\? \[y\/N\][\s\S]*installing nodejs npm/);
    expect(await aptCalls()).toMatch(/^update -qq\ninstall .*nodejs npm\n$/);
    expect(exitCode).toBe(4);
  });

  it("says it too where nobody can be asked", async () => {
    const { exitCode, stdout, stderr } = await runChild(quickstart(), [], { env: env() });

    for (const line of announced) expect(stdout).toMatch(line);
    expect(stdout).toContain("no terminal to ask on; going on");
    expect(stderr).toContain("apt-get could not install nodejs npm");
    expect(exitCode).toBe(4);
  });
});
