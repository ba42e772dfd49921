import { chown, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mustRun, runChild } from "../support/child.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-start-"));
  program = join(folder, "dist/slipway.cjs");
  await mustRun(process.execPath, ["scripts/build.ts", "--out", join(folder, "dist")], { cwd: root });
});

afterAll(() => rm(folder, { recursive: true, force: true }));

/** What takes long to load and is of no use to a command that reads and writes files. */
const networkAndPrograms = ["child_process", "cluster", "dgram", "dns", "http", "http2", "https", "net", "tls", "v8"];
const engine = [
  "commands",
  "platform",
  "cluster",
  "other",
  "ws",
  "dockerode",
  "execa",
  "listr2",
  "inquirer-prompts",
  "yaml",
];

describe("what a command loads", () => {
  it("validate: no network, no cryptography, no YAML reader, no templates", async () => {
    const loaded = await load("validate");

    expect(loaded.builtins).not.toEqual(
      expect.arrayContaining([
        expect.stringMatching(oneOf([...networkAndPrograms, "crypto", "stream", "fs/promises"])),
      ]),
    );
    expect(loaded.files.map((file) => file.name)).toEqual(["start", "values"]);
    expect(loaded.kib).toBeLessThan(760);
  });

  it("validate of a file: the YAML reader, too", async () => {
    await writeFile(join(folder, "own.yaml"), "domain: ai.corp.example\n");

    const loaded = await load("validate", "-f", join(folder, "own.yaml"));

    expect(loaded.files.map((file) => file.name)).toEqual(["start", "values", "yaml"]);
  });

  it.each([
    ["plan --offline", "plan", "--offline"],
    ["render", "render", "--out", "rendered"],
  ])("%s: nothing that speaks to an engine", async (_name, ...command) => {
    const loaded = await load(...command);

    expect(loaded.builtins).not.toEqual(expect.arrayContaining([expect.stringMatching(oneOf(networkAndPrograms))]));
    expect(loaded.files.map((file) => file.name)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(oneOf(engine))]),
    );
    expect(loaded.kib).toBeLessThan(960);
  });

  it("bundle verify: the threads that hash before the command", async () => {
    await writeFile(join(folder, "large.tar"), Buffer.alloc(1024));

    const loaded = await load("bundle", "verify", "large.tar", "--help");

    expect(loaded.files.map((file) => file.name).slice(0, 3)).toEqual(["start", "hashing", "commands"]);
  });
});

describe("the packed program", () => {
  it.each([
    ["validate", "--json"],
    ["plan", "--offline", "--json"],
    ["render", "--out", "-"],
    ["render", "--mode", "helm", "--out", "-"],
    ["validate", "--set", "domian=x"],
    ["validate", "--profile", "infa"],
    ["help"],
    ["completion", "bash"],
    ["instal"],
  ])("says what the checkout says: slipway %s %s %s", async (...command) => {
    const env = environment("same");
    const packed = await runChild(process.execPath, [program, ...target(command)], { env, cwd: folder });
    const source = await runChild(process.execPath, [join(root, "installer/src/cli/main.ts"), ...target(command)], {
      env,
      cwd: folder,
    });

    expect({ ...packed, ms: 0 }).toEqual({ ...source, ms: 0 });
  });
});

describe("compiled code that is kept", () => {
  it("is taken again, also by commands that set flags of V8", async () => {
    for (const command of [["validate"], ["doctor", "--list"]]) {
      const home = `again-${command[0] ?? ""}`;
      await slipway(home, ...command);
      const first = await listCache(home);

      await slipway(home, ...command);

      expect(first.length).toBeGreaterThan(1);
      expect(await listCache(home)).toEqual(first);
    }
  });

  it("is readable by its owner only", async () => {
    await slipway("mode", "validate");

    for (const { path } of await listCache("mode")) expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it("is made again when it is damaged, and the command does not notice", async () => {
    const first = await slipway("damaged", "validate");
    for (const { path } of await listCache("damaged")) await writeFile(path, "not code");

    const second = await slipway("damaged", "validate");

    expect(second).toEqual(first);
    for (const { size } of await listCache("damaged")) expect(size).toBeGreaterThan(1000);
  });

  it.runIf(process.getuid?.() === 0)("is not believed when somebody else owns it", async () => {
    await slipway("stranger", "validate");
    for (const { path } of await listCache("stranger")) await chown(path, 1234, 1234);

    await slipway("stranger", "validate");

    for (const { path } of await listCache("stranger")) expect((await stat(path)).uid).toBe(0);
  });

  it("is not needed: a cache that cannot be written changes nothing", async () => {
    await mkdir(join(folder, "homes/none"), { recursive: true });
    await writeFile(join(folder, "homes/none/.cache"), "a file where a folder belongs");

    expect(await slipway("none", "validate")).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

/** The outcome of a command with a home folder, and so a cache, of its own. */
async function slipway(home: string, ...command: readonly string[]) {
  const { exitCode, stdout, stderr } = await runChild(process.execPath, [program, ...target(command)], {
    env: environment(home),
    cwd: folder,
  });
  return { exitCode, stdout, stderr };
}

function environment(home: string): NodeJS.ProcessEnv {
  return { PATH: process.env["PATH"], HOME: join(folder, "homes", home) };
}

function target(command: readonly string[]): readonly string[] {
  const takesTarget = ["validate", "plan", "render"].includes(command[0] ?? "");
  return takesTarget ? [...command, "--name", "start", "--state-dir", join(folder, "state")] : command;
}

async function listCache(
  home: string,
): Promise<readonly { readonly path: string; readonly size: number; readonly changed: number }[]> {
  const cache = join(folder, "homes", home, ".cache/slipway/compiled");
  const entries = await readdir(cache, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Promise.all(
    files.toSorted().map(async (path) => {
      const { size, mtimeMs } = await stat(path);
      return { path, size, changed: mtimeMs };
    }),
  );
}

/** Runs a command and tells which parts of Node and which files of the program it loaded. */
async function load(...command: readonly string[]) {
  const report = join(folder, "loaded.json");
  const probe = join(folder, "probe.cjs");
  await writeFile(
    probe,
    `const fs = require("node:fs");
const read = fs.readFileSync;
const files = [];
fs.readFileSync = (path, ...rest) => {
  const text = read(path, ...rest);
  if (/program\\/[^/]*\\.cjs$/.test(path)) files.push({ name: path.replace(/.*\\/|\\.cjs$/g, ""), bytes: text.length });
  return text;
};
process.on("exit", () => {
  const builtins = process.moduleLoadList.flatMap((row) => /^NativeModule (?!internal)(.*)$/.exec(row)?.[1] ?? []);
  fs.writeFileSync(${JSON.stringify(report)}, JSON.stringify({ builtins, files }));
});
`,
  );
  const argv = ["--require", probe, program, ...target(command)];
  await mustRun(process.execPath, argv, { env: environment("probe"), cwd: folder });
  const loaded = JSON.parse(await readFile(report, "utf8")) as {
    readonly builtins: readonly string[];
    readonly files: readonly { readonly name: string; readonly bytes: number }[];
  };
  return { ...loaded, kib: loaded.files.reduce((sum, file) => sum + file.bytes, 0) / 1024 };
}

function oneOf(names: readonly string[]): RegExp {
  return new RegExp(`^(${names.join("|")})$`);
}
