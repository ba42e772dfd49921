import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ApplyError, InterruptedError, LockedError, ValuesError } from "../errors/installer-error.ts";
import type { Engine } from "../engine/engine.ts";
import { describeProgram } from "./docs/describe-program.ts";
import type { CommandInfo } from "./completion/command-tree.ts";
import { runCli } from "./run-cli.ts";
import { type RunSetup, type TestRun, prepareRun } from "./testing/prepare-run.ts";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-cli-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function cli(line: string, setup: RunSetup = {}): Promise<TestRun & { readonly status: number }> {
  const run = prepareRun(folder, setup);
  const status = await runCli(
    line.split(" ").filter((word) => word !== ""),
    run.context,
  );
  return { ...run, status };
}

const head = { apiVersion: "slipway/v1" } as const;

const everyCommand = flatten(await describeProgram()).map((command) => command.path.join(" "));

function flatten(command: CommandInfo): readonly CommandInfo[] {
  return [command, ...command.commands.flatMap(flatten)];
}

describe("the command line as a whole", () => {
  it.each(everyCommand)("shows an example in the help of `slipway %s`", async (path) => {
    const run = await cli(`${path} --help`);

    expect(run.status).toBe(0);
    expect(run.stdout()).toMatch(/Examples:\n {2}\$ slipway/);
    expect(run.stderr()).toBe("");
  });

  it.each(everyCommand)("says the same of `slipway %s` when it is the only command that is declared", async (path) => {
    const alone = await cli(`${path} --help`);
    // An option before the command: nothing is certain, and all commands are declared.
    const amongAll = await cli(`--yes ${path} --help`);

    expect(alone.stdout()).toBe(amongAll.stdout());
  });

  it("suggests the command that was meant and ends with 2", async () => {
    const run = await cli("instal");

    expect(run.status).toBe(2);
    expect(run.stderr()).toBe("error: unknown command 'instal'\nhint: did you mean install?\n");
  });

  it.each([
    ["help nope", "unknown command 'nope'", "slipway --help lists commands and options"],
    ["help instal", "unknown command 'instal'", "did you mean install?"],
    ["help secrets shwo", "unknown command 'secrets shwo'", "did you mean show?"],
  ])("ends `slipway %s` with 2 and says so in one line", async (line, message, hint) => {
    const run = await cli(line);

    expect([run.status, run.stdout()]).toEqual([2, ""]);
    expect(run.stderr()).toBe(`error: ${message}\nhint: ${hint}\n`);
  });

  it.each([
    ["ps", "slipway status shows what runs"],
    ["up", "slipway start starts what was stopped"],
    ["down", "slipway stop stops the platform"],
    ["version", "slipway --version prints it"],
    ["shell postgres", "slipway exec COMPONENT opens a shell"],
    ["mc ls", "slipway s3 ls lists"],
    ["config", "slipway values show shows every value in effect"],
    ["ps --help", "slipway status shows what runs"],
    ["help ps", "slipway status shows what runs"],
  ])("ends `slipway %s` with 2 and names what does it here", async (line, hint) => {
    const run = await cli(line);

    expect([run.status, run.stdout()]).toEqual([2, ""]);
    expect(run.stderr()).toContain(hint);
  });

  it.each([
    ["nope --help", "unknown command 'nope'"],
    ["nope -h", "unknown command 'nope'"],
    ["secrets shwo --help", "unknown command 'secrets shwo'"],
    ["--name lab instal --help", "unknown command 'instal'"],
  ])("ends `slipway %s` with 2 and prints no help of anything else", async (line, message) => {
    const run = await cli(line);

    expect([run.status, run.stdout()]).toEqual([2, ""]);
    expect(run.stderr()).toContain(`error: ${message}\n`);
  });

  it.each([
    ["help", "Usage: slipway [options]"],
    ["help help", "Usage: slipway [options]"],
    ["help install", "Usage: slipway install "],
    ["help secrets show", "Usage: slipway secrets show "],
  ])("prints help for `slipway %s`", async (line, usage) => {
    const run = await cli(line);

    expect(run.status).toBe(0);
    expect(run.stdout()).toContain(usage);
  });

  it.each([
    ["plan --xyzzy", "slipway plan --help lists its options"],
    ["--name status secrets list --xyzzy", "slipway secrets list --help lists its options"],
    ["render one two three", "slipway render --help lists its options"],
    ["--xyzzy", "slipway --help lists commands and options"],
  ])("names the help of the command itself when `slipway %s` is wrong", async (line, hint) => {
    const run = await cli(line);

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain(`hint: ${hint}\n`);
  });

  it("suggests the option that was meant and ends with 2", async () => {
    const run = await cli("plan --ofline");

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain("did you mean --offline?");
  });

  it("ends with 2 for a group without its command", async () => {
    const run = await cli("secrets");

    expect(run.status).toBe(2);
    expect(run.stdout()).toBe("");
  });

  it("prints the version", async () => {
    const run = await cli("--version");

    expect(run.status).toBe(0);
    expect(run.stdout()).toBe("1.2.3\n");
  });

  it("refuses a name no Compose project can have", async () => {
    const run = await cli("status --name Über");

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain('the name "Über" cannot be used');
  });

  it.each(["backup", "restore", "region"])("has no `%s` before it is built", async (name) => {
    expect((await cli(name)).status).toBe(2);
  });
});

describe("global options", () => {
  it("reach the action, before the command or after it", async () => {
    const seen: unknown[] = [];
    const engine: Partial<Engine> = {
      plan: (request) => {
        seen.push(request);
        return Promise.resolve({
          ...head,
          kind: "PlanResult",
          name: "x",
          profile: "infra",
          hash: "h",
          offline: true,
          changed: false,
          counts: { create: 0, recreate: 0, restart: 0, run: 0, remove: 0, unchanged: 0 },
          changes: [],
          returned: [],
          impossible: [],
          drift: [],
          noted: [],
        });
      },
    };

    await cli("--name lab -f a.yaml plan --offline -f b.yaml --set a=1 --set b=2 --without casdoor --profile infra", {
      engine,
    });

    expect(seen).toEqual([
      {
        name: "lab",
        stateDir: join(folder, "home/.local/state/slipway/lab"),
        offline: true,
        values: {
          files: [join(folder, "a.yaml"), join(folder, "b.yaml")],
          set: ["a=1", "b=2"],
          without: ["casdoor"],
          profile: "infra",
        },
      },
    ]);
  });

  it("name ./values.yaml, for when nothing is installed, where no file is named", async () => {
    const engine = { validate: () => Promise.resolve(validated) };
    const without = await cli("validate", { engine });
    const reset = await cli("validate --reset-values", { engine });

    const values = { files: [], set: [], without: [], ownFile: join(folder, "values.yaml") };
    expect(without.requests["validate"]?.[0]).toMatchObject({ values });
    expect(reset.requests["validate"]?.[0]).toMatchObject({ values: { ...values, reset: true } });
  });

  it("use /var/lib for root and XDG_STATE_HOME for others", async () => {
    const engine = { validate: () => Promise.resolve(validated) };
    const root = await cli("validate", { engine, io: { isRoot: true } });
    const user = await cli("validate", { engine, io: { env: { XDG_STATE_HOME: "/state" } } });

    expect(root.requests["validate"]?.[0]).toMatchObject({ stateDir: "/var/lib/slipway/slipway" });
    expect(user.requests["validate"]?.[0]).toMatchObject({ stateDir: "/state/slipway/slipway" });
  });
});

const validated = {
  ...head,
  kind: "ValidateResult" as const,
  name: "slipway",
  valid: true as const,
  profile: "infra",
  sources: ["profile infra"],
  components: [],
  summary: "nothing",
};

describe("errors", () => {
  it("are one line with details and a hint, without a stack", async () => {
    const engine: Partial<Engine> = {
      install: () =>
        Promise.reject(new ApplyError("postgres did not start\nreally", { details: ["last line"], hint: "look" })),
    };
    const run = await cli("install", { engine });

    expect(run.status).toBe(6);
    expect(run.stderr()).toMatch(/^error: postgres did not start really\n {2}last line\nhint: look\nlog: .*\.log\n$/);
  });

  it("of any kind keep the stack for the log file", async () => {
    const engine: Partial<Engine> = { install: () => Promise.reject(new TypeError("x is not a function")) };
    const run = await cli("install", { engine });
    const log = /^log: (.*)$/m.exec(run.stderr())?.[1] ?? "";

    expect(run.status).toBe(1);
    expect(run.stderr()).not.toContain("    at ");
    expect(readFileSync(log, "utf8")).toContain("TypeError: x is not a function\\n    at ");
  });

  it("are JSON on standard output with --json", async () => {
    const issue = { path: "domain", message: "is wrong", file: "v.yaml", line: 3, column: 9 };
    const engine: Partial<Engine> = { validate: () => Promise.reject(new ValuesError([issue])) };
    const run = await cli("validate --json", { engine });

    expect(run.status).toBe(3);
    expect(JSON.parse(run.stdout())).toMatchObject({
      kind: "Error",
      code: "VALUES_INVALID",
      exitCode: 3,
      details: ["domain: is wrong [v.yaml:3:9]"],
    });
  });

  it.each(["--log-format json", "--log-format=json"])("are the last event with %s", async (flag) => {
    const engine: Partial<Engine> = {
      validate: (_request, { report }) => {
        report({ type: "note", message: "slipway status says more" });
        return Promise.reject(new ApplyError("broken", { hint: "read slipway logs" }));
      },
    };
    const run = await cli(`validate --name lab ${flag}`, { engine });
    const events = run
      .stderr()
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as object);

    expect(events).toMatchObject([
      { time: "2026-11-21T12:00:00.000Z", type: "note", message: "slipway --name lab status says more" },
      { type: "error", error: { kind: "Error", code: "APPLY_FAILED", hint: "read slipway --name lab logs" } },
    ]);
    expect(run.stdout()).toBe("");
  });

  it("are JSON with --json also where a group lacks its command, and where it is a defect", async () => {
    const group = await cli("secrets --json");
    const defect = await cli("validate --json", { engine: { validate: () => Promise.reject(new TypeError("x")) } });

    expect(group.status).toBe(2);
    expect(JSON.parse(group.stdout())).toMatchObject({ kind: "Error", code: "USAGE", details: [] });
    expect(JSON.parse(defect.stdout())).toMatchObject({
      code: "INTERNAL",
      details: [],
      hint: expect.stringContaining("defect") as string,
    });
  });

  it("that a person can cause leave no log file behind", async () => {
    const engine: Partial<Engine> = { install: () => Promise.reject(new LockedError("another run is at work")) };
    const run = await cli("install", { engine });

    expect(run.status).toBe(75);
    expect(run.stderr()).toBe("error: another run is at work\n");
  });

  it("after Ctrl-C are the interruption, exit 130", async () => {
    const abort = new AbortController();
    const engine: Partial<Engine> = {
      install: () => {
        abort.abort(new InterruptedError("interrupted", { hint: "the same command goes on from here" }));
        return Promise.reject(new ApplyError("docker was ended"));
      },
    };
    const run = await cli("install", { engine, signal: abort.signal });

    expect(run.status).toBe(130);
    expect(run.stderr()).toContain("error: interrupted\nhint: the same command goes on from here");
  });
});

describe("what to do next", () => {
  it("is the same in a result as on the terminal, and data stays as it is", async () => {
    const engine: Partial<Engine> = {
      start: () =>
        Promise.resolve({
          ...head,
          kind: "LifecycleResult",
          name: "lab",
          action: "start",
          components: [],
          hint: "slipway status",
        }),
      showSecret: () =>
        Promise.resolve({ ...head, kind: "SecretShowResult", name: "lab", secret: "s", value: "slipway status" }),
    };

    const told = await cli("start --name lab --json", { engine });
    const shown = await cli("secrets show s --reveal --name lab --json", { engine });

    expect(JSON.parse(told.stdout())).toMatchObject({ hint: "slipway --name lab status" });
    expect(JSON.parse(shown.stdout())).toMatchObject({ value: "slipway status" });
  });

  it("takes standard input for the file -", async () => {
    const run = await cli("validate -f -", { engine: { validate: () => Promise.resolve(validated) } });

    expect(run.requests["validate"]?.[0]).toMatchObject({ values: { files: ["/dev/stdin"] } });
  });

  it("names the install the command was about", async () => {
    const engine: Partial<Engine> = {
      status: () => Promise.reject(new ApplyError("broken", { hint: "read slipway logs", details: ["slipway start"] })),
    };

    const run = await cli("status --name lab --json", { engine });

    expect(run.stderr()).toContain("  slipway --name lab start\nhint: read slipway --name lab logs\n");
    expect(JSON.parse(run.stdout())).toMatchObject({ hint: "read slipway --name lab logs" });
  });
});
