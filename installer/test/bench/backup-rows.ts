import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BackupCreateResult } from "../../src/actions/backup/backup.ts";
import type { RestoreResult } from "../../src/actions/backup/restore.ts";
import { mustRun } from "../support/child.ts";
import { openPlatformStores, type PlatformStores } from "../support/platform-stores.ts";
import { addData, timeOfPush } from "./backup-data.ts";
import { openBackupRivals } from "./backup-rivals.ts";
import { type Bench, install, purge, withBench } from "./bench-platform.ts";
import { type Comparison, formatMs, median, peakMemory } from "./measure.ts";
import { type BenchRow, type Outcome, atMost, fasterBy } from "./row.ts";

export interface BackupBenchOptions {
  readonly rounds: number;
  /** Data of the platform, GiB; a tenth of it in databases, a tenth in repositories, the rest in the object store. */
  readonly gib: number;
}

/** A backup after which so much of the data has changed is what is measured. */
const changedShare = 0.01;
const restoreRounds = 2;
const idlePushCount = 100;
const restMs = 200;
const memoryBar = 120;

/** Backups of a platform that people push to, against restic alone and against what is done by hand. */
export function backupRows(program: string, options: BackupBenchOptions): readonly BenchRow[] {
  let measured: Promise<Measured> | undefined;
  const row = (id: string, title: string, rival: string, outcome: (measured: Measured) => Outcome): BenchRow => ({
    ...{ id, title, rival },
    measure: async (say) => {
      measured ??= withBench(program, "infra", (bench) => measureBackups(bench, options, say));
      return outcome(await measured);
    },
  });
  const size = `${options.gib} GiB of which 1 % has changed`;
  return [
    row("backup-bytes", `bytes that a backup of ${size} adds`, "bytes that were written meanwhile", ({ rounds }) => {
      const [added, changed] = [median(rounds.map((one) => one.added)), median(rounds.map((one) => one.changed))];
      const factor = added / changed;
      return {
        ...{ ours: toMb(added), theirs: toMb(changed), figure: factor.toFixed(2) },
        ...{ bar: "≤ 1.5", pass: factor <= 1.5 },
      };
    }),
    row(
      "backup-restic",
      `\`backup create --no-proof\` of ${size}`,
      "`restic backup` of what it put together",
      ({ rounds }) =>
        atMost(
          compared(rounds, (one) => one.resticMs),
          1.1,
        ),
    ),
    row(
      "backup-tar",
      `\`backup create --no-proof\` of ${size}, while people work`,
      "everything stopped, `pg_dumpall` and `tar` of all volumes, everything started",
      ({ rounds }) =>
        fasterBy(
          compared(rounds, (one) => one.tarMs),
          4,
        ),
    ),
    row(
      "backup-held",
      `deletes wait during a backup of ${size}`,
      "nobody works while volumes are packed",
      ({ rounds }) => {
        const held = Math.max(...rounds.map((one) => one.heldSeconds));
        const down = formatMs(median(rounds.map((one) => one.tarMs)));
        return { ours: `${held} s`, theirs: down, figure: `${held} s`, bar: "≤ 30 s", pass: held <= 30 };
      },
    ),
    row("backup-push", "a push during a backup, median", "the same while there is none", ({ rounds }) =>
      latency(rounds, 0.5, 1.3),
    ),
    row("backup-push-99", "a push during a backup, 99 of 100", "the same while there is none", ({ rounds }) =>
      latency(rounds, 0.99, 2),
    ),
    row("backup-memory", "most memory of `backup create` and `restore`", "–", ({ memoryMiB }) => ({
      ...{ ours: `${memoryMiB} MiB`, theirs: "–", figure: `${memoryMiB} MiB` },
      ...{ bar: `≤ ${memoryBar} MiB`, pass: memoryMiB <= memoryBar },
    })),
    row(
      "restore-restic",
      `\`restore\` of ${options.gib} GiB to a machine without the platform, proved`,
      "`restic restore` into an empty folder, nothing brought up",
      ({ restores }) => {
        const ours = median(restores.map((one) => one.ms));
        const rivalMs = median(restores.map((one) => one.resticMs));
        const speed = rivalMs / ours;
        return {
          ...{ ours: formatMs(ours), theirs: formatMs(rivalMs), figure: `${speed.toFixed(2)} of its speed` },
          ...{ bar: "≥ 0.8", pass: speed >= 0.8 },
        };
      },
    ),
  ];
}

interface Round {
  /** Bytes that were written since the backup before, and that the repository grew by. */
  readonly changed: number;
  readonly added: number;
  readonly heldSeconds: number;
  readonly ms: number;
  readonly resticMs: number;
  readonly tarMs: number;
  /** Milliseconds of each push. */
  readonly idlePushes: readonly number[];
  readonly busyPushes: readonly number[];
}

interface Restored {
  readonly ms: number;
  readonly resticMs: number;
}

interface Measured {
  readonly rounds: readonly Round[];
  readonly restores: readonly Restored[];
  /** Of all commands, MiB. */
  readonly memoryMiB: number;
}

async function measureBackups(
  bench: Bench,
  { rounds: count, gib }: BackupBenchOptions,
  say: (text: string) => void,
): Promise<Measured> {
  const directory = join(bench.folder, "backups");
  const keyFile = join(bench.folder, "recovery-key");
  const sets = ["mode=embedded", `directory=${directory}`, `storage.size=${gib * 3}Gi`].map((set) => `backup.${set}`);
  await install(bench, ...sets.flatMap((set) => ["--set", set]));
  await bench.slipway("backup", "keygen", "-o", keyFile);
  await bench.slipway("backup", "init", "--recovery-key-file", keyFile);
  say(`filling the platform with ${gib} GiB`);
  await withStores(bench, (stores) => addData(stores, gib * 1024 ** 3));
  const first = await createBackup(bench);
  say(`first backup: ${formatMs(first.result.ms)} for ${toMb(first.result.bytes)}`);
  const rivals = await openBackupRivals(bench);
  await rivals.restic();
  const memory = [first.memoryMiB];
  const rounds: Round[] = [];
  for (let round = 1; round <= count; round += 1) {
    const { result, memoryMiB, ...own } = await withStores(bench, (stores) =>
      measureOwn(bench, stores, gib * 1024 ** 3 * changedShare),
    );
    memory.push(memoryMiB);
    const resticMs = await timeOf(() => rivals.restic());
    const tarMs = await timeOf(() => rivals.dumpAndTar());
    await bench.slipway("install");
    const { ms, addedBytes: added, heldSeconds } = result;
    rounds.push({ ...own, ms, added, heldSeconds, resticMs, tarMs });
    say(
      `round ${round}: ${formatMs(ms)} (${result.stores.map((one) => `${one.store} ${formatMs(one.ms)}`).join(", ")}, ` +
        `deletes waited ${heldSeconds} s) against restic ${formatMs(resticMs)} and by hand ${formatMs(tarMs)}`,
    );
  }
  const restores: Restored[] = [];
  for (let round = 1; round <= restoreRounds; round += 1) {
    await purge(bench);
    const child = bench.start("restore", "--json", "--from", directory, "--recovery-key-file", keyFile);
    memory.push(await peakMemory(child));
    const { ms } = JSON.parse((await child.ended).stdout) as RestoreResult;
    await rivals.clear();
    const resticMs = await timeOf(() => rivals.resticRestore());
    restores.push({ ms, resticMs });
    say(`restore ${round}: ${formatMs(ms)} against ${formatMs(resticMs)}`);
  }
  return { rounds, restores, memoryMiB: Math.max(...memory) };
}

/** Addresses change whenever containers are started anew. */
async function withStores<Result>(bench: Bench, body: (stores: PlatformStores) => Promise<Result>): Promise<Result> {
  const stores = await openPlatformStores({ ...bench, docker: (...args) => mustRun("docker", args) });
  try {
    return await body(stores);
  } finally {
    await stores.close();
  }
}

async function createBackup(
  bench: Bench,
): Promise<{ readonly result: BackupCreateResult; readonly memoryMiB: number }> {
  const child = bench.start("backup", "create", "--no-proof", "--json");
  const memoryMiB = await peakMemory(child);
  return { memoryMiB, result: JSON.parse((await child.ended).stdout) as BackupCreateResult };
}

/** Changes some of the data and makes a backup of it, with somebody who pushes before and meanwhile. */
async function measureOwn(bench: Bench, stores: PlatformStores, bytes: number) {
  const changed = await addData(stores, bytes);
  const idlePushes: number[] = [];
  for (let made = 0; made < idlePushCount; made += 1) idlePushes.push(await pushAndRest(stores));
  const busyPushes: number[] = [];
  const state = { done: false };
  const pushing = (async () => {
    while (!state.done) busyPushes.push(await pushAndRest(stores));
  })();
  try {
    return { ...(await createBackup(bench)), changed, idlePushes, busyPushes };
  } finally {
    state.done = true;
    await pushing;
  }
}

/** Several a second, all the time: many people together. */
async function pushAndRest(stores: PlatformStores): Promise<number> {
  const ms = await timeOfPush(stores);
  await delay(restMs);
  return ms;
}

async function timeOf(run: () => Promise<void>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}

function compared(rounds: readonly Round[], rival: (round: Round) => number): Comparison {
  const [ours, rivalMs] = [median(rounds.map(({ ms }) => ms)), median(rounds.map(rival))];
  return { ours, rivalMs, ratio: ours / rivalMs, rounds: rounds.length };
}

function latency(rounds: readonly Round[], quantile: number, bar: number): Outcome {
  const at = (times: readonly number[]): number =>
    times.toSorted((a, b) => a - b)[Math.floor(times.length * quantile)] ?? Number.NaN;
  const ours = at(rounds.flatMap(({ busyPushes }) => busyPushes));
  const rivalMs = at(rounds.flatMap(({ idlePushes }) => idlePushes));
  return atMost({ ours, rivalMs, ratio: ours / rivalMs, rounds: rounds.length }, bar);
}

function toMb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
