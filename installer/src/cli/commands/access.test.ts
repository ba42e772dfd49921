import { describe, expect, it } from "vitest";
import { runCli } from "../run-cli.ts";
import { prepareRun } from "../testing/prepare-run.ts";
import type { Engine } from "../../engine/engine.ts";
import { apiVersion, cli, folder, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const ended = (status: number) => ({
  exec: () => Promise.resolve({ status }),
  openConsole: () => Promise.resolve({ status }),
});

/** Runs words that hold blanks, too. */
async function words(argv: readonly string[], engine: Partial<Engine> = ended(0)) {
  const run = prepareRun(folder, { engine });
  const status = await runCli(argv, run.context);
  return { ...run, status };
}

describe("exec", () => {
  it.each<readonly [readonly string[], readonly string[]]>([
    [["exec", "app"], []],
    [
      ["exec", "app", "--", "ls", "--all", "--json", "--help"],
      ["ls", "--all", "--json", "--help"],
    ],
    [
      ["exec", "app", "--", "sh", "-c", "echo a -- b"],
      ["sh", "-c", "echo a -- b"],
    ],
    [
      ["exec", "app", "--", "a", "--", "b"],
      ["a", "--", "b"],
    ],
    [["exec", "app", "date"], ["date"]],
    [
      ["exec", "--name", "two", "app", "--", "--name", "x"],
      ["--name", "x"],
    ],
  ])("hands over what stands behind --: %j", async (argv, command) => {
    const run = await words(argv);

    expect(run.status).toBe(0);
    expect(run.requests["exec"]?.[0]).toMatchObject({
      component: "app",
      command,
      name: argv[1] === "--name" ? "two" : "slipway",
    });
  });

  it("ends with the program's status, and says nothing itself", async () => {
    const run = await cli("exec app -- false", ended(42));

    expect(run.status).toBe(42);
    expect([run.stdout(), run.stderr()]).toEqual(["", ""]);
  });

  it.each([
    ["exec -- ls", "slipway exec COMPONENT -- PROGRAM"],
    ["exec app ls -l", "slipway exec --help"],
    ["exec app --json -- ls", "options of the program stand behind --"],
    ["psql --json", "options of the program stand behind --"],
    ["psql hub -c -- x", "slipway psql --help"],
    ["psql hub extra", "slipway psql hub -- extra"],
    ["redis-cli get key", "slipway redis-cli -- get key"],
  ])("refuses %j and says how it is written", async (line, hint) => {
    const run = await cli(line, ended(0));

    expect(run.status).toBe(2);
    expect(run.stdout() + run.stderr()).toContain(hint);
    expect(run.requests).toEqual({});
  });
});

describe("consoles", () => {
  it.each<readonly [readonly string[], object]>([
    [["psql"], { kind: "sql", args: [] }],
    [["psql", "hub", "--login", "owner"], { kind: "sql", args: ["hub"], login: "owner" }],
    [["psql", "--", "-c", "select 1"], { kind: "sql", args: ["-c", "select 1"] }],
    [["psql", "hub", "--", "--csv", "-c", "select 1"], { kind: "sql", args: ["hub", "--csv", "-c", "select 1"] }],
    [["redis-cli"], { kind: "key-value", args: [] }],
    [["redis-cli", "--", "--scan"], { kind: "key-value", args: ["--scan"] }],
    [["s3", "ls"], { kind: "objects", args: ["ls", "--"] }],
    [["s3", "ls", "b/p", "--recursive", "--json"], { args: ["ls", "--recursive", "--json", "--", "b/p"] }],
    [["s3", "cat", "b/k", "--login", "hub"], { args: ["cat", "--", "b/k"], login: "hub" }],
    [["s3", "cp", "b/k", "c/k"], { args: ["cp", "--", "b/k", "c/k"] }],
    [["s3", "put", "b/k"], { args: ["put", "--", "b/k"] }],
  ])("%j", async (argv, request) => {
    const run = await words(argv, ended(3));

    expect(run.status).toBe(3);
    expect(run.requests["openConsole"]).toEqual([expect.objectContaining(request)]);
  });

  it("s3 takes files of the working directory in place of standard input and output", async () => {
    const put = await words(["s3", "put", "b/k", "up.bin"]);
    const got = await words(["s3", "get", "b/k", "/srv/down.bin"]);

    expect(put.requests["openConsole"]?.[0]).toMatchObject({ args: ["put", "--", "b/k"], input: `${folder}/up.bin` });
    expect(got.requests["openConsole"]?.[0]).toMatchObject({ args: ["cat", "--", "b/k"], output: "/srv/down.bin" });
  });
});

describe("open", () => {
  const urls = [
    { component: "page", title: { en: "Platform", zh: "" }, url: "http://here" },
    { component: "login", title: { en: "Sign-in", zh: "" }, url: "http://here:8000" },
  ];
  const result = { apiVersion, kind: "OpenResult" as const, name: "slipway", urls };

  it("says what was opened, or every address where there is no screen", async () => {
    const opened = await cli("open", { open: () => Promise.resolve({ ...result, opened: "http://here" }) });
    const printed = await cli("open login --print", { open: () => Promise.resolve(result) });

    expect(opened.stdout()).toBe("opened http://here\n");
    expect(printed.stdout()).toBe("Platform: http://here\nSign-in: http://here:8000\n");
    expect(printed.requests["open"]?.[0]).toMatchObject({ component: "login", print: true });
  });

  it("gives the same to a program", async () => {
    const run = await cli("open --json", { open: () => Promise.resolve(result) });

    expect(JSON.parse(run.stdout())).toEqual(result);
  });
});

describe("completion --words", () => {
  it("prints names one a line, and nothing where there are none", async () => {
    const some = await cli("completion bash --words jobs --name two", { words: () => Promise.resolve(["a", "b"]) });
    const none = await cli("completion bash --words jobs", { words: () => Promise.resolve([]) });

    expect(some.stdout()).toBe("a\nb\n");
    expect(some.requests["words"]?.[0]).toMatchObject({
      of: "jobs",
      name: "two",
      installsIn: `${folder}/home/.local/state/slipway`,
    });
    expect(none.stdout()).toBe("");
  });
});
