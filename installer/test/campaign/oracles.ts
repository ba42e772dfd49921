/** What has to be true after each fault. Each gives what is wrong, and nothing when all is well. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BackupListResult, BackupVerifyResult } from "../../src/actions/backup/backup.ts";
import type { StatusResult } from "../../src/actions/status/status.ts";
import type { ChildResult } from "../support/child.ts";
import { openPlatformStores } from "../support/platform-stores.ts";
import { auditWritten } from "../support/platform-writer.ts";
import type { Platform } from "../support/platform.ts";
import { findNeedles, readNeedles } from "../support/secret-canary.ts";
import { describeEnd, hashSecrets, type GoodBackup, type World } from "./world.ts";

export type Problems = readonly string[];

/** A command did what it should, or said what is wrong: with one of these statuses, in plain words. */
export function endedNamed(what: string, result: ChildResult, statuses: readonly number[]): Problems {
  const { exitCode, stderr } = result;
  if (exitCode === 0) return [];
  const isPlain = /^error: \S/m.test(stderr) && !/^ {4}at /m.test(stderr);
  return statuses.includes(exitCode ?? -1) && isPlain ? [] : [describeEnd(what, result)];
}

const patienceMs = 120_000;

/** A service that a fault ended comes back by itself. */
export async function becomesHealthy(platform: Platform): Promise<Problems> {
  const end = Date.now() + patienceMs;
  for (;;) {
    const { stdout } = await platform.run(["status", "--json"]);
    const status = JSON.parse(stdout) as Pick<StatusResult, "overall" | "components">;
    if (status.overall === "healthy") return [];
    if (Date.now() > end) {
      const ill = status.components.filter(({ ok }) => !ok).map(({ id }) => id);
      return [`the platform is ${status.overall} after ${patienceMs / 1000} s: ${ill.join(", ")}`];
    }
    await delay(1000);
  }
}

/** Jobs of a platform, running or not. */
export async function jobsOf(platform: Platform): Promise<readonly string[]> {
  const list = await platform.docker(
    ...["ps", "--all", "--filter", `label=dev.slipway.name=${platform.name}`],
    ...["--filter", "label=dev.slipway.role=job", "--format", "{{.ID}}"],
  );
  return list.split("\n").filter(Boolean);
}

/** No job goes on, and nobody's deletes wait. */
export async function nothingGoesOn(platform: Platform): Promise<Problems> {
  const held = await readdir(join(platform.stateDir, "live/notices/gateway"));
  const jobs = await jobsOf(platform);
  return [
    ...(jobs.length === 0 ? [] : [`${jobs.length} jobs are left`]),
    ...(held.length === 0 ? [] : [`deletes are still held: ${held.join(", ")}`]),
  ];
}

export async function everyBackupIsListed({ platform, backups }: World): Promise<Problems> {
  const listed = (await platform.json<BackupListResult>(["backup", "list"])).backups.map(({ id }) => id);
  return backups.filter(({ id }) => !listed.includes(id)).map(({ id }) => `backup ${id} is not listed any more`);
}

export async function repositoryIsWhole({ platform }: World): Promise<Problems> {
  const result = await platform.run(["backup", "verify", "--data", "--json"]);
  if (result.exitCode === 0) return [];
  const { problems = [], gaps = [] } = JSON.parse(result.stdout || "{}") as Partial<BackupVerifyResult>;
  return [`the repository is damaged: ${[...problems, ...gaps].join("; ")} ${result.stderr}`];
}

/** What came back: every acknowledged write, all that it refers to, and the secrets of before. */
export async function isAsBefore(restored: Platform, backup: GoodBackup, world: World): Promise<Problems> {
  const stores = await openPlatformStores(restored);
  try {
    const { dangling, lost } = await auditWritten(stores, backup.expected);
    return [
      ...dangling.slice(0, 5),
      ...(lost.length === 0 ? [] : [`${lost.length} acknowledged writes are lost, row ${lost[0]} among them`]),
      ...differingSecrets(world.secrets, await hashSecrets(restored)),
    ];
  } finally {
    await stores.close();
  }
}

function differingSecrets(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Problems {
  return [...before]
    .filter(([name, hash]) => after.get(name) !== hash)
    .map(([name]) => `the secret ${name} is another`);
}

/** No command has written a secret, on whatever way it ended. */
export async function noSecretIsTold(platform: Platform): Promise<Problems> {
  return findNeedles(await readNeedles(platform.stateDir), "output", platform.output.join("\n"));
}

/** An install that was given up leaves nothing on the engine. */
export async function leavesNothing(platform: Platform): Promise<Problems> {
  const purge = await platform.run(["uninstall", "--purge", "--yes-i-mean", platform.name]);
  const left = Object.entries(await platform.leftovers()).flatMap(([kind, names]) =>
    (names as readonly string[]).map((name) => `${kind}: ${name} is left`),
  );
  return [
    ...(purge.exitCode === 0 ? [] : [`uninstall ended with ${String(purge.exitCode)}: ${purge.stderr}`]),
    ...left,
  ];
}
