/** Backups of a platform that people work on, and a platform that comes back from them alone. */
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type {
  BackupCreateResult,
  BackupListResult,
  BackupPruneResult,
  BackupVerifyResult,
} from "../../src/actions/backup/backup.ts";
import type { RestoreResult } from "../../src/actions/backup/restore.ts";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { portArguments } from "../support/free-ports.ts";
import { untilTrue } from "../support/hold.ts";
import { openPlatformStores } from "../support/platform-stores.ts";
import type { PlatformStores } from "../support/platform-stores.ts";
import { auditWritten, startWriter } from "../support/platform-writer.ts";
import type { Acknowledged, PlatformWriter } from "../support/platform-writer.ts";
import { mustInstall, openPlatform, writeInto } from "../support/platform.ts";
import type { Platform } from "../support/platform.ts";
import { findNeedles, readNeedles, watchMachine } from "../support/secret-canary.ts";

const nothing = { containers: [], networks: [], volumes: [] };

let platform: Platform;
/** Where the backups are; outside of everything that belongs to the platform. */
let directory: string;
let keyFile: string;
let stores: PlatformStores;
let writer: PlatformWriter;
/** The backup that was made while people worked, and when the command began and ended. */
let busy: { readonly result: BackupCreateResult; readonly begun: number; readonly ended: number };
/** What stands for the secrets of the platform as it was. */
let secrets: string;
const others: Platform[] = [];

beforeAll(async () => {
  platform = await openPlatform({ arguments: ["--without", "casdoor"] });
  directory = join(platform.folder, "backups");
  keyFile = join(platform.folder, "recovery-key");
  await mustInstall(platform, "--no-verify");
}, 300_000);

afterAll(async () => {
  await writer.stop().catch(() => undefined);
  await stores.close().catch(() => undefined);
  await inBackups("rm -rf /backups/*").catch(() => undefined);
  for (const one of [...others, platform]) await one.dispose();
}, 120_000);

/** Runs a shell command where the backups are, whose files are nobody's but the platform's. */
async function inBackups(script: string): Promise<string> {
  const image = readImageTable(openAssets())["toolbox"]?.reference ?? "";
  const how = ["--rm", "--user", "0", "--network", "none", "--volume", `${directory}:/backups`, "--entrypoint", "sh"];
  return platform.docker("run", ...how, image, "-c", script);
}

/** Every file among the backups, with its hash; restic's cache of locks comes and goes. */
function contentsOfBackups(): Promise<string> {
  return inBackups("cd /backups && find . -type f ! -path './locks/*' -exec sha256sum {} + | sort -k 2");
}

async function jobsOf(of: Platform): Promise<readonly string[]> {
  const list = await of.docker(
    ...["ps", "--filter", `label=dev.slipway.name=${of.name}`, "--filter", "label=dev.slipway.role=job"],
    ...["--format", '{{.Label "com.docker.compose.service"}}'],
  );
  return list.split("\n").filter(Boolean);
}

/** Waits until a job runs; rejects with what the program wrote when it ends before. */
async function untilJobRuns(of: Platform, job: string, ended: Promise<{ readonly stderr: string }>): Promise<void> {
  const over = ended.then(({ stderr }) => {
    throw new Error(`waited for the job ${job}, and the program ended:\n${stderr}`);
  });
  while (!(await Promise.race([jobsOf(of), over])).includes(job)) await delay(20);
}

/** Waits for something that people at work do; the test's own limit is the only one. */
async function until(what: string, isTrue: () => boolean): Promise<void> {
  const end = Date.now() + 60_000;
  while (!isTrue()) {
    await delay(20);
    if (Date.now() > end) throw new Error(`waited for ${what}; what went wrong meanwhile: ${writer.errors.join("\n")}`);
  }
}

function digestOfSecrets(of: Platform): Promise<string> {
  const names = ["postgres-admin", "registry", "gitaly-token", "backup-repository"];
  return Promise.all(
    names.map(async (name) => (await of.run(["secrets", "show", name, "--reveal"])).stdout.trim()),
  ).then((values) => createHash("sha256").update(values.join("\n")).digest("hex"));
}

function heldSince(at: number): readonly string[] {
  return writer.deletes.filter((row) => row.at >= at && row.status === 503).map(({ what }) => what);
}

/** Writes that were there when the backup began, and that nobody began to delete before it had ended. */
function expectedOf({ begun, ended }: { readonly begun: number; readonly ended: number }): readonly Acknowledged[] {
  return writer.written.filter(({ id, at }) => at < begun && !((writer.given.get(id) ?? Infinity) <= ended));
}

async function auditOf(of: Platform, expected: readonly Acknowledged[]) {
  const opened = await openPlatformStores(of);
  try {
    return await auditWritten(opened, expected);
  } finally {
    await opened.close();
  }
}

describe("backup create", () => {
  it("is refused where the platform was installed without backups, and before there is a recovery key", async () => {
    const without = await platform.run(["backup", "create"]);
    await mustInstall(platform, "--set", "backup.mode=embedded", "--set", `backup.directory=${directory}`);
    const uninitialised = await platform.run(["backup", "create"]);
    await platform.run(["backup", "keygen", "-o", keyFile]);
    const init = await platform.run(["backup", "init", "--recovery-key-file", keyFile]);

    expect(without.exitCode).toBe(4);
    expect(without.stderr).toContain("this platform was installed without backups");
    expect(without.stderr).toContain("--set backup.mode=embedded");
    expect(uninitialised.exitCode).toBe(6);
    expect(uninitialised.stderr).toContain("there is no repository of backups yet");
    expect(uninitialised.stderr).toMatch(/hint: .*slipway backup init/);
    expect(await readdir(noticesOf(platform))).toEqual([]);
    expect(init.exitCode).toBe(0);
  });

  it("adds little when little has changed, and the list shows both, with the proof of the one that was proved", async () => {
    const first = await platform.json<BackupCreateResult>(["backup", "create"]);
    const again = await platform.json<BackupCreateResult>(["backup", "create", "--no-proof"]);
    const list = await platform.json<BackupListResult>(["backup", "list"]);
    const verified = await platform.json<BackupVerifyResult>(["backup", "verify", "--data"]);

    expect(first.stores.map(({ store }) => store)).toEqual(["postgres", "git", "objects", "streams"]);
    expect(again.addedBytes).toBeLessThan(first.addedBytes / 5);
    expect(list.backups.map(({ id }) => id)).toEqual([first.backup, again.backup]);
    expect(list.backups.map(({ proof }) => proof?.id)).toEqual([first.backup, undefined]);
    expect(verified).toMatchObject({ ok: true, problems: [] });
  });

  it("killed in the middle holds deletes no longer than five minutes more", async () => {
    stores = await openPlatformStores(platform);
    writer = await startWriter(stores, { seed: 1, workers: 2, restMs: 150, log: join(platform.folder, "written") });
    await until("people to be at work", () => writer.deletes.length > 0 && writer.written.length > 10);
    const begun = Date.now();
    const child = platform.start(["backup", "create"]);
    await untilJobRuns(platform, "backup", child.ended);
    await untilTrue(child.ended, "a delete to be told to wait", () => heldSince(begun).length > 0);

    child.process.kill("SIGKILL");
    const { signal } = await child.ended;

    expect(signal).toBe("SIGKILL");
    const steps = (await readdir(noticesOf(platform))).map((name) => Number(name.slice("hold-".length)));
    const heldUntil = (Math.max(...steps) + 1) * 100;
    expect(heldUntil).toBeGreaterThan(begun / 1000 + 100);
    expect(heldUntil).toBeLessThanOrEqual(Date.now() / 1000 + 300);
  });

  it("makes a whole one afterwards while people write, read and delete, and says who is at work to a second run", async () => {
    const watcher = watchMachine(platform);
    const begun = Date.now();
    const first = platform.start(["backup", "create", "--json"]);
    await untilTrue(first.ended, "the backup to begin", () => first.stderr().includes("Make the backup"));
    const second = await platform.run(["backup", "create"]);
    const made = await first.ended;
    const ended = Date.now();
    await watcher.stop();

    expect(second.exitCode).toBe(75);
    expect(second.stderr).toContain(String(first.pid));
    expect(second.stderr).toContain("backup create");
    expect(second.ms).toBeLessThan(10_000);
    expect(made.stderr).not.toContain("warning");
    expect(made.exitCode, made.stderr).toBe(0);
    const result = JSON.parse(made.stdout) as BackupCreateResult;
    busy = { result, begun, ended };
    expect(result.stores.map(({ store }) => store)).toEqual(["postgres", "git", "objects", "streams"]);
    expect(result.proof?.databases.find(({ name }) => name === "csghub_server")?.rows).toBeGreaterThan(0);
    expect(result.proof?.audit?.dangling.count).toBe(0);
    expect(result.proof?.audit?.references["tag-manifest"]).toBeGreaterThan(0);
    await expectNoSecret(platform, watcher);
  });

  it("has held up nobody but those who delete, and them with a word when to come again", async () => {
    const { begun, ended, result } = busy;
    const inHold = (at: number): boolean => at > begun && at < begun + result.heldSeconds * 1000;
    const wentThrough = (): boolean => writer.deletes.some(({ at, status }) => at > ended && status === 204);
    await until("an object to be deleted", wentThrough);
    await until("an image to be deleted", () =>
      writer.deletes.some(({ at, what, status }) => at > ended && what === "manifest" && status !== 503),
    );
    await writer.stop();

    const held = writer.deletes.filter(({ status }) => status === 503);
    expect(new Set(held.map(({ what }) => what))).toEqual(new Set(["object", "manifest"]));
    expect(new Set(held.map(({ retryAfter }) => retryAfter))).toEqual(new Set(["30"]));
    expect(writer.errors).toEqual([]);
    expect(writer.written.filter(({ at }) => inHold(at)).length).toBeGreaterThan(5);
    expect(writer.reads.filter(inHold).length).toBeGreaterThan(2);
    expect(await readdir(noticesOf(platform))).toEqual([]);
  });
});

function noticesOf({ stateDir }: Platform): string {
  return join(stateDir, "live/notices/gateway");
}

/** The recovery key and every secret, wherever somebody else could read them while a command ran. */
async function expectNoSecret(of: Platform, watcher: ReturnType<typeof watchMachine>): Promise<void> {
  const key = (await readFile(keyFile, "utf8")).trim();
  const needles = [
    ...(await readNeedles(of.stateDir)),
    ...[key, key.replaceAll("-", "")].map((text) => ({ secret: "recovery key", spelling: "as it is", text })),
  ];
  const logs = join(of.stateDir, "logs");
  const written = await Promise.all((await readdir(logs)).map((name) => readFile(join(logs, name), "utf8")));
  const shown = of.output.filter((_text, at) => !(of.output[at - 1] ?? "").includes("--reveal"));
  expect(watcher.inspected.size).toBeGreaterThan(1);
  expect([
    ...findNeedles(needles, "docker inspect", [...watcher.inspected.values()].join("\n")),
    ...findNeedles(needles, "the engine's events", watcher.events()),
    ...findNeedles(needles, "the process table", [...watcher.commandLines].join("\n")),
    ...findNeedles(needles, "logs", written.join("\n")),
    ...findNeedles(needles, "output", shown.join("\n")),
  ]).toEqual([]);
}

describe("a platform that is lost", () => {
  const restoreBusy = () => [
    "restore",
    "--from",
    directory,
    "--recovery-key-file",
    keyFile,
    "--backup",
    busy.result.backup,
  ];

  it("leaves its backups as they were", async () => {
    secrets = await digestOfSecrets(platform);
    await stores.close();
    const before = await contentsOfBackups();

    const purge = await platform.run(["uninstall", "--purge", "--yes-i-mean", platform.name]);

    expect(purge.exitCode, purge.stderr).toBe(0);
    expect(await platform.leftovers()).toEqual(nothing);
    await expect(readdir(platform.stateDir)).rejects.toThrow("ENOENT");
    expect(await contentsOfBackups()).toBe(before);
    expect(before.split("\n").length).toBeGreaterThan(5);
  });

  it("comes back by one command, which goes on wherever it was killed", async () => {
    const watcher = watchMachine(platform);
    const killAt = async (point: string): Promise<unknown> =>
      (await platform.run(restoreBusy(), { environment: { SLIPWAY_FAILPOINT: point } })).signal;
    // The first of these ends the part that only reads the backup, the second the one that brings the stores up.
    const signals = [await killAt("after:record:done")];
    const child = platform.start(restoreBusy());
    await untilJobRuns(platform, "restore-postgres", child.ended);
    child.process.kill("SIGKILL");
    signals.push(
      (await child.ended).signal,
      await killAt("after:record:done"),
      await killAt("after:start:registry:intent"),
      await killAt("after:start:temporal:intent"),
    );

    const restored = await platform.json<RestoreResult>(restoreBusy());
    await watcher.stop();

    expect(signals).toEqual(["SIGKILL", "SIGKILL", "SIGKILL", "SIGKILL", "SIGKILL"]);
    expect(restored.backup.id).toBe(busy.result.backup);
    expect(restored.wires).toBeGreaterThan(15);
    expect(await jobsOf(platform)).toEqual([]);
    await expectNoSecret(platform, watcher);
  });

  it("has every acknowledged write back with all that it refers to, and nothing that refers to what is gone", async () => {
    const expected = expectedOf(busy);

    const audit = await auditOf(platform, expected);

    expect(audit).toMatchObject({ dangling: [], lost: [] });
    expect(audit.rows).toBeGreaterThanOrEqual(expected.length);
    expect(expected.length).toBeGreaterThan(10);
  });

  it("is healthy, passes every wire and has the secrets that it had", async () => {
    const status = await platform.json<StatusResult>(["status"]);
    const verified = await platform.json<VerifyResult>(["verify"]);

    expect(status.overall).toBe("healthy");
    expect(verified.failed).toBe(0);
    expect(await digestOfSecrets(platform)).toBe(secrets);
  });

  it("is never restored over", async () => {
    const refused = await platform.run(restoreBusy());

    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain(`${platform.name} is installed here`);
    expect(refused.stderr).toContain(`uninstall --purge --yes-i-mean ${platform.name}`);
    expect((await platform.json<StatusResult>(["status"])).overall).toBe("healthy");
  });
});

describe("beside the platform that runs", () => {
  let beside: Platform;
  let from: (place: string, key: string, ...more: readonly string[]) => readonly string[];

  beforeAll(async () => {
    beside = await openBeside();
    const ports = portArguments(beside.ports);
    from = (place, key, ...more) => ["restore", "--from", place, "--recovery-key-file", key, ...ports, ...more];
  });

  it("a restore says what is wrong with a key, a directory or a backup", async () => {
    const otherKey = join(beside.folder, "other-key");
    await platform.run(["backup", "keygen", "-o", otherKey]);
    const key = await readFile(keyFile, "utf8");
    const mistyped = await writeInto(
      beside,
      "mistyped",
      key.replace(/^./, (first) => (first === "A" ? "B" : "A")),
    );
    const empty = join(beside.folder, "empty");
    await mkdir(empty);

    const typing = await beside.run(from(directory, mistyped));
    const nowhere = await beside.run(from(empty, keyFile));
    const afterThese = await beside.leftovers();
    const wrong = await beside.run(from(directory, otherKey));
    const unknown = await beside.run(from(directory, keyFile, "--backup", "0123456789"));

    expect(typing.exitCode).toBe(2);
    expect(typing.stderr).toMatch(/typing error[^]*hint: .*8 groups of 5/);
    expect(nowhere.exitCode).toBe(4);
    expect(nowhere.stderr).toContain(`there are no backups in ${empty}`);
    expect(nowhere.stderr).toMatch(/hint: .*backup\.directory/);
    expect(afterThese).toEqual(nothing);
    expect(wrong.exitCode).toBe(6);
    expect(wrong.stderr).toMatch(/recovery key does not open the backup repository[^]*hint: /);
    expect(unknown.exitCode).toBe(4);
    expect(unknown.stderr).toMatch(/there is no backup 0123456789[^]*hint: /);
  });

  it("brings back the newest backup under another name, after all that, and goes without a trace", async () => {
    const restored = await beside.json<RestoreResult>(from(directory, keyFile));
    const both = await Promise.all([platform, beside].map((one) => one.json<StatusResult>(["status"])));
    const audit = await auditOf(beside, expectedOf(busy));
    const purge = await beside.run(["uninstall", "--purge", "--yes-i-mean", beside.name]);

    expect(restored.name).toBe(beside.name);
    expect(both.map(({ overall }) => overall)).toEqual(["healthy", "healthy"]);
    expect(audit).toMatchObject({ dangling: [], lost: [] });
    expect(purge.exitCode, purge.stderr).toBe(0);
    expect(await beside.leftovers()).toEqual(nothing);
    expect((await platform.json<StatusResult>(["status"])).overall).toBe("healthy");
    expect((await platform.json<BackupListResult>(["backup", "list"])).backups.length).toBe(3);
  });
});

async function openBeside(): Promise<Platform> {
  const one = await openPlatform();
  others.push(one);
  return one;
}

describe("backups of which one byte in each large pack has changed", () => {
  it("are found by who reads all of them, and bring no database back", async () => {
    // The newest backup may do without any one of them.
    const packs = (await inBackups("cd /backups && find data -type f -size +1024k")).trim().split("\n");
    const swap = String.raw`for path in ${packs.join(" ")}; do
      chmod u+w $path && at=$(($(stat -c %s $path) / 2)) &&
      byte=$(dd if=$path bs=1 skip=$at count=1 status=none | od -An -tu1) &&
      printf "\\$(printf %o $((byte ^ 1)))" | dd of=$path bs=1 seek=$at conv=notrunc status=none || exit 1
    done`;
    const nameOf = (path: string): string => path.split("/").at(-1)?.slice(0, 8) ?? "";
    await inBackups(`cd /backups && ${swap}`);
    const damaged = await openBeside();

    const verified = await platform.json<BackupVerifyResult>(["backup", "verify", "--data"], 6);
    const restored = await damaged.run([
      ...["restore", "--from", directory, "--recovery-key-file", keyFile, ...portArguments(damaged.ports)],
    ]);
    const data = await databaseFiles(damaged);
    await inBackups(`cd /backups && ${swap}`);
    const healed = await platform.json<BackupVerifyResult>(["backup", "verify", "--data"]);

    const problems = verified.problems.join("\n");
    expect(packs.map(nameOf).filter((pack) => !problems.includes(pack))).toEqual([]);
    expect(restored.exitCode).toBe(6);
    expect(restored.stderr).toMatch(/error: the job restore-postgres [^]*backup repository [^]*is damaged/);
    expect(packs.some((path) => restored.stderr.includes(nameOf(path)))).toBe(true);
    expect(data).toEqual([]);
    expect(healed.ok).toBe(true);
    await damaged.run(["uninstall", "--purge", "--yes-i-mean", damaged.name]);
    expect(await damaged.leftovers()).toEqual(nothing);
  });
});

async function databaseFiles(of: Platform): Promise<readonly string[]> {
  const image = readImageTable(openAssets())["toolbox"]?.reference ?? "";
  const volume = `${of.name}_postgres-data:/data:ro`;
  const how = ["--rm", "--user", "0", "--network", "none", "--volume", volume, "--entrypoint", "ls"];
  return (await of.docker("run", ...how, image, "-A", "/data")).split("\n").filter(Boolean);
}

describe("backup prune", () => {
  it("keeps as many as the values say, and the one that stays can still be proved", async () => {
    const keep = ["daily=1", "weekly=0", "monthly=0"].flatMap((many) => ["--set", `backup.keep.${many}`]);
    await mustInstall(platform, ...keep);
    const before = await platform.json<BackupListResult>(["backup", "list"]);

    const pruned = await platform.json<BackupPruneResult>(["backup", "prune"]);
    const after = await platform.json<BackupListResult>(["backup", "list"]);
    const verified = await platform.json<BackupVerifyResult>(["backup", "verify", "--data", "--prove", "latest"]);

    expect(pruned).toMatchObject({ kept: 1, removed: 2 });
    expect(after.backups.map(({ id }) => id)).toEqual([before.backups.at(-1)?.id]);
    expect(verified).toMatchObject({ ok: true, proof: { id: after.backups[0]?.id } });
  });
});
