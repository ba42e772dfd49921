import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Prompts } from "../ui/prompts.ts";
import { apiVersion, cli, folder, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const proof = {
  id: "0123456789abcdef",
  at: "2026-11-21T11:00:10Z",
  restoreSeconds: 3,
  databases: [{ name: "hub", tables: 2, rows: 40 }],
};
const created = {
  ...{ apiVersion, kind: "BackupCreateResult" as const, name: "slipway", backup: proof.id },
  ...{ bytes: 2_000_000, addedBytes: 1_000_000, heldSeconds: 7, ms: 18_000 },
  stores: [{ store: "git" as const, items: 3, bytes: 2000, changedBytes: 1000, ms: 20 }],
  notCopied: [],
  proof,
};

/** A person who types back what was shown, or something else. */
function person(type: (shown: string) => string, shown: () => string): Prompts {
  const never = (): never => {
    throw new Error("nobody asks this");
  };
  return {
    ...{ available: true, confirm: never, select: never, choose: never },
    input: () => Promise.resolve(type(shown())),
    secret: () => Promise.resolve("typed"),
  };
}

describe("backup init", () => {
  it("shows a key on the terminal and hands over what is typed back", async () => {
    let typed: string | undefined;
    const run = await cli(
      "backup init",
      {
        initBackups: async ({ askBack }) => {
          typed = await askBack?.("AAAAA-BBBBB");
          return { apiVersion, kind: "BackupInitResult", name: "slipway", made: true };
        },
      },
      {
        prompts: person(
          () => "aaaaa bbbbb",
          () => "",
        ),
      },
    );

    expect(typed).toBe("aaaaa bbbbb");
    expect(run.stderr()).toContain("recovery key: AAAAA-BBBBB");
    expect(run.stdout()).toBe("the place for backups is made\n");
  });

  it("takes the key of a file, by its whole path, and says where it was one more", async () => {
    const run = await cli("backup init --recovery-key-file key.txt", {
      initBackups: () => Promise.resolve({ apiVersion, kind: "BackupInitResult", name: "slipway", made: false }),
    });

    expect(run.requests["initBackups"]?.[0]).toMatchObject({ recoveryKeyFile: join(folder, "key.txt") });
    expect(run.requests["initBackups"]?.[0]).not.toHaveProperty("askBack");
    expect(run.stdout()).toBe("the recovery key opens the backups that are there, too\n");
  });

  it("asks nobody where there is no terminal", async () => {
    const run = await cli("backup init --json", {
      initBackups: () => Promise.resolve({ apiVersion, kind: "BackupInitResult", name: "slipway", made: true }),
    });

    expect(run.requests["initBackups"]?.[0]).not.toHaveProperty("askBack");
  });
});

it("backup keygen names the file that the key is in, by its whole path", async () => {
  const made = { apiVersion, kind: "BackupKeygenResult" as const, file: "/keys/recovery" };
  const run = await cli("backup keygen -o recovery", { generateRecoveryKey: () => Promise.resolve(made) });
  const json = await cli("backup keygen -o recovery --json", { generateRecoveryKey: () => Promise.resolve(made) });

  expect(run.requests["generateRecoveryKey"]?.[0]).toEqual({ output: join(folder, "recovery") });
  expect(run.stdout()).toContain("/keys/recovery");
  expect(json.status).toBe(0);
});

describe("backup create", () => {
  it("says what was copied, how long deletes waited and what the proof read", async () => {
    const run = await cli("backup create", { createBackup: () => Promise.resolve(created) });

    expect(run.status).toBe(0);
    expect(run.stdout().split("\n")).toEqual([
      expect.stringContaining("backup 01234567"),
      expect.stringContaining("git: 3 copied"),
      "  deletes waited 7 s",
      "restored to a scratch place in 3 s: 1 databases, 40 rows read",
      "",
    ]);
  });

  it("says that it was not restored where that was left out", async () => {
    const unproved = Object.fromEntries(Object.entries(created).filter(([key]) => key !== "proof")) as typeof created;
    const run = await cli("backup create --no-proof", { createBackup: () => Promise.resolve(unproved) });

    expect(run.requests["createBackup"]?.[0]).toMatchObject({ skipProof: true });
    expect(run.stdout()).toContain("not restored yet");
  });

  it("is told to programs as it is", async () => {
    const run = await cli("backup create --json", { createBackup: () => Promise.resolve(created) });

    expect(JSON.parse(run.stdout())).toEqual(created);
  });
});

describe("backup list", () => {
  it("shows age, size and the last restore, or that there was none", async () => {
    const backups = [
      { id: "1111111122222222", at: "2026-11-20T12:00:00Z", bytes: 1_000_000, name: "slipway" },
      { id: proof.id, at: "2026-11-21T11:00:00Z", bytes: 2_000_000, name: "slipway", proof },
    ];
    const list = { apiVersion, kind: "BackupListResult" as const, name: "slipway", backups };

    const run = await cli("backup list", { listBackups: () => Promise.resolve(list) });
    const json = await cli("backup list --json", { listBackups: () => Promise.resolve(list) });

    expect(run.stdout()).toMatch(/^11111111 .* never +-$/m);
    expect(run.stdout()).toMatch(/^01234567 .* 3 s$/m);
    expect(json.status).toBe(0);
  });

  it("shows up to which moment the write-ahead log leads, where one is archived", async () => {
    const old = { id: "1111111122222222", at: "2026-11-20T12:00:00Z", bytes: 1_000_000, name: "slipway" };
    const backups = [old, { ...old, id: proof.id, walThrough: "2026-11-21T11:30:00Z" }];
    const list = { apiVersion, kind: "BackupListResult" as const, name: "slipway", backups };

    const run = await cli("backup list", { listBackups: () => Promise.resolve(list) });

    expect(run.stdout()).toMatch(/^BACKUP .* MOMENTS UP TO$/m);
    expect(run.stdout()).toMatch(/^11111111 .* -$/m);
    expect(run.stdout()).toMatch(/^01234567 .*2026-11-21 11:30/m);
  });

  it("says what makes the first one", async () => {
    const none = { apiVersion, kind: "BackupListResult" as const, name: "slipway", backups: [] };

    expect((await cli("backup list", { listBackups: () => Promise.resolve(none) })).stdout()).toContain(
      "slipway backup create",
    );
  });
});

describe("backup verify", () => {
  const whole = { apiVersion, kind: "BackupVerifyResult" as const, name: "slipway", ok: true, problems: [], gaps: [] };

  it("hands over what is to be read and restored", async () => {
    const run = await cli("backup verify --data --prove latest --json", {
      verifyBackups: () => Promise.resolve({ ...whole, proof }),
    });

    expect(run.requests["verifyBackups"]?.[0]).toMatchObject({ data: true, prove: "latest" });
    expect(run.status).toBe(0);
  });

  it("names what is damaged, and ends with the status of a failure", async () => {
    const damaged = { ...whole, ok: false, problems: ["a pack is\u0007 cut short"] };
    const run = await cli("backup verify", { verifyBackups: () => Promise.resolve(damaged) });

    expect(run.status).toBe(6);
    expect(run.stdout()).toContain("damaged");
    expect(run.stdout()).toContain("  a pack is  cut short");
    expect(run.stdout()).not.toContain("gaps");
  });

  it("does not call a gap in the write-ahead log damage, and fails for it", async () => {
    const broken = { ...whole, ok: false, gaps: ["after noon no moment can be brought back"] };
    const run = await cli("backup verify", { verifyBackups: () => Promise.resolve(broken) });

    expect(run.status).toBe(6);
    expect(run.stdout()).toMatch(/gaps: .*\n {2}after noon no moment/);
    expect(run.stdout()).not.toContain("damaged");
  });
});

it("backup drill says how long it took until everything was back", async () => {
  const head = { apiVersion, kind: "BackupDrillResult" as const, name: "slipway" };
  const passed = { ...head, backup: proof.id, backupAt: "2026-11-21T11:00:00Z", wires: 18, ms: 29_000 };
  const run = await cli("backup drill --backup 0123", { drillBackups: () => Promise.resolve(passed) });
  const json = await cli("backup drill --json", { drillBackups: () => Promise.resolve(passed) });

  expect(run.requests["drillBackups"]?.[0]).toMatchObject({ backup: "0123" });
  expect(run.stdout()).toContain("(backup 01234567) was back in 29.0 s, 18 connections proved; it is removed again");
  expect(json.status).toBe(0);
});

it.each([
  [
    "backup schedule --at 01:30 --drill",
    { at: "01:30", drill: true, remove: false, dryRun: false },
    "written: /etc/a\n",
  ],
  ["backup schedule --remove", { at: "02:15", drill: false, remove: true }, "removed: /etc/a\n"],
  ["backup schedule --dry-run", { dryRun: true }, "# /etc/a\n[Unit]\n"],
])("%s hands over when, and says which units there are", async (line, asked, text) => {
  const result = {
    ...{ apiVersion, kind: "BackupScheduleResult" as const, name: "slipway", dryRun: line.includes("dry") },
    files: [{ path: "/etc/a", contents: "[Unit]\n" }],
  };

  const run = await cli(line, { scheduleBackups: () => Promise.resolve(result) });
  const json = await cli(`${line} --json`, { scheduleBackups: () => Promise.resolve(result) });

  expect(run.requests["scheduleBackups"]?.[0]).toMatchObject(asked);
  expect(run.stdout()).toBe(text);
  expect(json.status).toBe(0);
});

it("backup prune says what is left", async () => {
  const pruned = { apiVersion, kind: "BackupPruneResult" as const, name: "slipway", kept: 3, removed: 2 };

  const run = await cli("backup prune", { pruneBackups: () => Promise.resolve(pruned) });
  const json = await cli("backup prune --json", { pruneBackups: () => Promise.resolve(pruned) });

  expect(run.stdout()).toBe("2 removed, 3 kept\n");
  expect(json.status).toBe(0);
});

describe("restore", () => {
  const restored = {
    ...{ apiVersion, kind: "RestoreResult" as const, name: "second", madeBy: "1.0.0", urls: [], wires: 18, ms: 15_000 },
    quarantined: { repositories: 0, objects: 0 },
    backup: { id: proof.id, at: "2026-11-21T11:00:00Z", bytes: 2_000_000, name: "slipway" },
  };

  it("takes directory, key and values as they are given", async () => {
    const run = await cli("restore --from backups --recovery-key-file key --backup 0123 --set domain=b.corp --json", {
      restore: () => Promise.resolve(restored),
    });

    expect(run.requests["restore"]?.[0]).toMatchObject({
      from: join(folder, "backups"),
      recoveryKeyFile: join(folder, "key"),
      backup: "0123",
      set: ["domain=b.corp"],
    });
    expect(run.status).toBe(0);
  });

  it("hands a moment over, and says of when repositories and objects are", async () => {
    const moment = "2026-11-21T12:00:00.000Z";
    const later = { ...restored.backup, id: "fedcba9876", cutAt: "2026-11-21T13:00:00.000Z" };
    const words = "restore --from backups --recovery-key-file key --to-time 2026-11-21T12:00:00Z";
    const run = (files: typeof later) => cli(words, { restore: () => Promise.resolve({ ...restored, moment, files }) });

    const after = await run(later);
    const before = await run({ ...later, cutAt: "2026-11-21T11:00:00.000Z" });

    expect(after.requests["restore"]?.[0]).toMatchObject({ toTime: "2026-11-21T12:00:00Z" });
    expect(after.stdout()).toContain(`the platform of ${moment}`);
    expect(after.stdout()).toContain("those of backup fedcba98, made after it: what was deleted in between is missing");
    expect(before.stdout()).toContain("made before it: what came in between is missing");
  });

  it("takes a claim where the platform is to be on a cluster", async () => {
    const run = await cli("restore --mode helm --from claim:backups --recovery-key-file key", {
      restore: () => Promise.resolve(restored),
    });

    expect(run.requests["restore"]?.[0]).toMatchObject({ from: "claim:backups", mode: "helm" });
  });

  it("asks for the key at a terminal, and says what to give where there is none", async () => {
    const asked = await cli(
      "restore --from backups",
      { restore: () => Promise.resolve(restored) },
      {
        prompts: person(
          () => "",
          () => "",
        ),
      },
    );
    const alone = await cli("restore --from backups", { restore: () => Promise.resolve(restored) });

    expect(asked.requests["restore"]?.[0]).toMatchObject({ recoveryKey: "typed" });
    expect(asked.stdout()).toContain("18 connections proved");
    expect(alone.status).toBe(10);
    expect(alone.stderr()).toContain("--recovery-key-file FILE");
  });

  it.each([
    ["--database hub --as old", { part: { kind: "database", name: "hub" }, as: "old", backup: "latest" }],
    ["--repository @hashed/a.git --backup 12", { part: { kind: "repository", path: "@hashed/a.git" }, backup: "12" }],
    ["--objects lfs/a/b", { part: { kind: "objects", bucket: "lfs", prefix: "a/b" } }],
    ["--objects lfs", { part: { kind: "objects", bucket: "lfs", prefix: "" } }],
  ])("of a part takes %s", async (words, request) => {
    const part = {
      apiVersion,
      kind: "RestorePartResult" as const,
      name: "slipway",
      backup: proof.id,
      what: "it",
      as: "old",
    };

    const run = await cli(`restore ${words}`, { restorePart: () => Promise.resolve(part) });
    const json = await cli(`restore ${words} --json`, { restorePart: () => Promise.resolve(part) });

    expect(run.requests["restorePart"]?.[0]).toMatchObject(request);
    expect(run.stdout()).toBe("restored: it of backup 01234567 is there as old\n");
    expect(json.status).toBe(0);
  });

  it.each([
    ["", "--from PLACE"],
    ["--database a --repository b", "give one of"],
    ["--from x --database a", "give one of"],
    ["--database a --to-time 2026-11-21T12:00:00Z", "leave --to-time out"],
  ])("refuses `restore %s`, and says what to give", async (words, hint) => {
    const run = await cli(`restore ${words}`.trim(), {});

    expect(run.status).toBe(2);
    expect(run.stderr()).toContain(hint);
  });
});
