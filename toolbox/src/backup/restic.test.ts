import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openRestic, type Restic } from "./restic.ts";
import type { ProgramEnd, ProgramOptions } from "./run-program.ts";

interface Answer {
  readonly code?: number;
  readonly output?: string;
  readonly errors?: string;
}

let folder: string;
let answers: Record<string, Answer | (() => Promise<Answer>)>;
const calls: { readonly words: string; readonly environment: Readonly<Record<string, string>> }[] = [];

vi.mock("./run-program.ts", async (original) => ({
  ...(await original<object>()),
  runProgram: async (_: string, args: readonly string[], options: ProgramOptions): Promise<ProgramEnd> => {
    const words = args.join(" ").replace(/^--json --no-cache /, "");
    calls.push({ words, environment: options.environment });
    const found = Object.entries(answers).find(([start]) => words.startsWith(start))?.[1] ?? {};
    const { code = 0, output = "", errors = "" } = typeof found === "function" ? await found() : found;
    options.onOutput?.(Buffer.from(output));
    for (const line of errors.split("\n").filter((text) => text !== "")) options.onErrorLine?.(line);
    return { code, output: Buffer.from(options.onOutput === undefined ? output : ""), errors };
  },
}));

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-restic-"));
  await mkdir(join(folder, "source/below"), { recursive: true });
  await writeFile(join(folder, "source/a"), "12345");
  await writeFile(join(folder, "source/below/b"), "678");
  answers = {};
  calls.splice(0);
});

afterEach(() => rm(folder, { recursive: true, force: true }));

const logged: string[] = [];
const log = (line: string): void => void logged.push(line);

function open(deadHosts: readonly string[] = [], lockSeconds = 0): Restic {
  const repository = { kind: "directory" as const, path: join(folder, "repository"), password: "the secret" };
  return openRestic(repository, { host: "install", temporary: folder, deadHosts, lockSeconds, log });
}

const stored = (files: number, bytes: number): string =>
  `${JSON.stringify({ message_type: "status", total_bytes: 8, bytes_done: 4 })}\n${JSON.stringify({
    ...{ message_type: "summary", snapshot_id: "abc", data_added_packed: 7 },
    ...{ total_files_processed: files, total_bytes_processed: bytes },
  })}\n`;

const source = (): string => join(folder, "source");

describe("a backup", () => {
  it("is what was in the folder, under fixed host and given tags, and tells how far it is", async () => {
    answers = { backup: { output: stored(2, 8) } };
    const seen: unknown[] = [];

    const result = await open().backup(
      source(),
      { tags: ["run-1"], time: new Date("2026-11-30T10:11:12Z") },
      (progress) => seen.push(progress),
    );

    expect(result).toEqual({ snapshotId: "abc", files: 2, bytes: 8, addedBytes: 7 });
    expect(seen).toEqual([{ done: 4, total: 8, unit: "bytes" }]);
    expect(calls.map(({ words }) => words)).toEqual([
      `backup --host install --tag run-1 --time 2026-11-30 10:11:12 -- ${source()}`,
    ]);
  });

  it.each([
    ["less than there is", { output: stored(2, 7) }, "of 2 files with 8 bytes"],
    ["a file too few", { output: stored(1, 8) }, "1 with 8 bytes were stored"],
    ["with errors", { code: 3, output: stored(2, 8), errors: "a: input/output error" }, "could not be read"],
  ])("is forgotten when restic stored %s", async (_, answer, words) => {
    answers = { backup: answer, forget: { code: 1 } };

    await expect(open().backup(source(), { tags: [] }, () => undefined)).rejects.toThrow(words);

    expect(calls.at(-1)?.words).toBe("forget abc");
    expect(logged.at(-1)).toContain("abc could not be forgotten");
  });

  it("of nothing is refused before restic is asked", async () => {
    await mkdir(join(folder, "empty"));

    await expect(open().backup(join(folder, "empty"), { tags: [] }, () => undefined)).rejects.toThrow("nothing");
    expect(calls).toEqual([]);
  });
});

describe("the password", () => {
  it("stands in a file of this user alone, never among words, and is gone in the end", async () => {
    const restic = open();
    await restic.exists();
    const { words, environment } = calls[0] ?? { words: "", environment: {} };
    const file = environment["RESTIC_PASSWORD_FILE"] ?? "";

    expect(words).toBe("cat config --no-lock");
    expect(JSON.stringify(environment)).not.toContain("the secret");
    expect(await readFile(file, "utf8")).toBe("the secret");
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    await restic.close();
    expect(await readdir(folder)).toEqual(["source"]);
  });

  it("is added unless it opens the repository already", async () => {
    await open().addKey("another");
    expect(calls).toHaveLength(1);
    answers = { "cat config": { code: 12 } };

    await open().addKey("another");

    expect(calls.at(-1)?.words).toMatch(/^key add --new-password-file .*\/new-password$/);
  });
});

describe("a locked repository", () => {
  const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();
  const lock = (hostname: string, time = minutesAgo(1)): Answer => ({
    output: JSON.stringify({ hostname, pid: 7, time, exclusive: false }),
  });
  const locked = { code: 11, errors: "unable to create lock" };
  const locks = (): string => join(folder, "repository/locks");

  beforeEach(async () => {
    await mkdir(locks(), { recursive: true });
    for (const id of ["a", "b"]) await writeFile(join(locks(), id), "");
  });

  it("is opened where everybody who holds it is dead, and the command goes on", async () => {
    answers = { "list locks": { output: "a\nb\n" }, "cat lock": lock("run-1") };
    let tries = 0;
    answers["check"] = () => Promise.resolve((tries += 1) === 1 ? locked : {});

    expect(await open(["run-1"]).check("metadata")).toEqual({ whole: true });

    expect(calls.map(({ words }) => words)).toEqual([
      ...["check", "list locks --no-lock", "cat lock a --no-lock", "cat lock b --no-lock"],
      "check",
    ]);
    expect(await readdir(locks())).toEqual([]);
  });

  it("keeps a lock that somebody took while those of the dead are removed", async () => {
    answers = { "list locks": { output: "a\n" }, "cat lock": lock("run-1") };
    let tries = 0;
    answers["check"] = () => Promise.resolve((tries += 1) === 1 ? locked : {});

    await open(["run-1"]).check("metadata");

    expect(await readdir(locks())).toEqual(["b"]);
  });

  it("is told by name to be locked by who came while those of the dead were removed", async () => {
    const found = [lock("run-1"), lock("run-2")];
    answers = {
      "list locks": { output: "a\n" },
      "cat lock": () => Promise.resolve(found.shift() ?? {}),
      check: locked,
    };

    await expect(open(["run-1"]).check("metadata")).rejects.toThrow("locked by process 7 on run-2");
  });

  it("is rid of what given hosts left behind, and of nothing else", async () => {
    answers = { "list locks": { output: "a\nb\n" }, "cat lock a": lock("run-1"), "cat lock b": lock("run-2") };

    await open().removeLocksOf(["run-1"]);

    expect(await readdir(locks())).toEqual(["b"]);
    expect(logged.at(-1)).toBe("removing the lock of process 7 on run-1, which is dead");
  });

  it("stays so while one who holds it lives, who is named", async () => {
    answers = {
      check: locked,
      "list locks": { output: "a\nb\n" },
      "cat lock a": lock("run-1"),
      "cat lock b": lock("run-2"),
    };

    await expect(open(["run-1"]).check("all")).rejects.toThrow(/process 7 on run-2 since \d{4}-\d\d-\d\dT[0-9:]+Z/);

    expect(await readdir(locks())).toEqual(["b"]);
  });

  it("is waited for where one who lives lets go of it soon", async () => {
    answers = { "list locks": { output: "a\n" }, "cat lock": lock("run-2") };
    let tries = 0;
    answers["check"] = () => Promise.resolve((tries += 1) === 1 ? locked : {});

    expect(await open([], 60).check("metadata")).toEqual({ whole: true });

    expect(calls.map(({ words }) => words)).toEqual(["check", "list locks --no-lock", "cat lock a --no-lock", "check"]);
  });

  it.each([
    [119, false],
    [121, true],
  ])("whose holder was silent for %i minutes is opened: %s", async (minutes, opened) => {
    answers = { "list locks": { output: "a\n" }, "cat lock": lock("run-2", minutesAgo(minutes)) };
    let tries = 0;
    answers["check"] = () => Promise.resolve((tries += 1) === 1 ? locked : {});

    const checked = open().check("metadata");

    await (opened
      ? expect(checked).resolves.toEqual({ whole: true })
      : expect(checked).rejects.toThrow("is locked by"));
    expect(await readdir(locks())).toEqual(opened ? ["b"] : ["a", "b"]);
  });
});

describe("retention", () => {
  const snapshot = (id: string): object => ({ id, time: "2026-11-30T00:00:00Z", hostname: "install" });
  const groups = JSON.stringify([{ keep: [snapshot("b")], remove: [snapshot("a")] }]);

  it("sees all runs of an install as one, and frees the room", async () => {
    answers = { "forget --host": { output: groups }, snapshots: { output: JSON.stringify([snapshot("b")]) } };

    const restic = open();
    const result = await restic.forget({ daily: 7, weekly: 0, monthly: 6 });
    await restic.freeRoom();

    expect(result).toEqual({ kept: ["b"], removed: ["a"] });
    expect(calls.map(({ words }) => words)).toEqual([
      "forget --host install --group-by host --keep-daily 7 --keep-monthly 6",
      ...["snapshots --no-lock", "prune"],
    ]);
  });

  it("is an error where what is to be removed stays, or where nothing would be kept", async () => {
    answers = { "forget --host": { output: groups }, snapshots: { output: JSON.stringify([snapshot("a")]) } };

    await expect(open().forget({ daily: 1, weekly: 0, monthly: 0 })).rejects.toThrow("backup a could not");
    await expect(open().forget({ daily: 0, weekly: 0, monthly: 0 })).rejects.toThrow("refused");
    expect(calls.some(({ words }) => words === "prune")).toBe(false);
  });
});

it("lists snapshots with all of the tags, and what was counted in them", async () => {
  const summary = { total_files_processed: 2, total_bytes_processed: 8 };
  const line = { id: "a", time: "2026-11-30T00:00:00Z", hostname: "install" };
  answers = { snapshots: { output: JSON.stringify([{ ...line, paths: ["/cut"], tags: ["t"], summary }, line]) } };

  expect(await open().snapshots(["t", "u"])).toEqual([
    { id: "a", time: line.time, host: "install", folder: "/cut", tags: ["t"], summary: { files: 2, bytes: 8 } },
    { id: "a", time: line.time, host: "install", folder: "", tags: [], summary: undefined },
  ]);
  expect(calls[0]?.words).toBe("snapshots --no-lock --tag t,u");
});

it("does not take a restore for done that left something out", async () => {
  answers = { restore: { output: `{"message_type":"summary","total_files":3,"files_restored":2}` } };

  await expect(open().restore("a", "/cut", "/target", () => undefined)).rejects.toThrow("2 of 3 were restored");
  expect(calls[0]?.words).toBe("restore --no-lock a:/cut --target /target --delete");
});

it("makes a repository anew whose making was cut off, and only that", async () => {
  answers = { "cat config": { code: 10 } };
  const keys = join(folder, "repository/keys");
  await mkdir(keys, { recursive: true });
  await writeFile(join(keys, "k"), "");
  await mkdir(join(folder, "repository/data/00"), { recursive: true });

  await open().initialise();
  expect(await readdir(join(folder, "repository"))).toEqual(["data"]);
  expect(calls.at(-1)?.words).toBe("init");

  await mkdir(keys);
  await writeFile(join(folder, "repository/data/00/pack"), "");
  await open().initialise();
  expect(await readdir(join(folder, "repository"))).toEqual(["data", "keys"]);
});

it("reads as much as a check is asked to", async () => {
  answers = {
    "check --read-data": { code: 1, errors: `{"message_type":"error","message":"pack 0a: does not exist"}` },
  };
  const restic = open();

  expect(await restic.check({ part: 2, of: 7 })).toEqual({ whole: false, damage: ["pack 0a: does not exist"] });
  expect(await restic.check("all")).toMatchObject({ whole: false });
  expect(calls.map(({ words }) => words)).toEqual(["check --read-data-subset=2/7", "check --read-data"]);
  answers = { check: { code: 1, errors: "network is unreachable" } };
  await expect(restic.check("metadata")).rejects.toThrow("network is unreachable");
});

describe("the keys of a repository", () => {
  it("are read one by one, and those that are not what was written are named", async () => {
    const damaged = { code: 1, errors: "Fatal: LoadRaw(<key/bb>): invalid data returned" };
    answers = { "list keys": { output: "aa\nbb\n" }, "cat key bb": damaged };

    expect(await open().lookAtKeys()).toEqual({ whole: ["aa"], damaged: ["bb"] });
  });

  it("are not called damaged where they cannot be read for another reason", async () => {
    answers = { "list keys": { output: "aa\n" }, "cat key aa": { code: 1, errors: "Fatal: permission denied" } };

    await expect(open().lookAtKeys()).rejects.toThrow("permission denied");
  });
});
