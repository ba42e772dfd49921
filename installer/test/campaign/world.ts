/** A platform that people work on, with its backups on a disk of their own, for a campaign to break. */
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BackupCreateResult } from "../../src/actions/backup/backup.ts";
import type { ChildResult, RunningChild } from "../support/child.ts";
import { openPlatformStores, type PlatformStores } from "../support/platform-stores.ts";
import { type Acknowledged, type PlatformWriter, startWriter } from "../support/platform-writer.ts";
import { mustInstall, openPlatform, type Platform } from "../support/platform.ts";
import { type CampaignDisk, openCampaignDisk } from "./campaign-disk.ts";
import type { Chance } from "./chance.ts";
import type { Failpoints } from "./failpoints.ts";

/** A backup that was made, and what has to be there when it is brought back. */
export interface GoodBackup {
  readonly id: string;
  readonly expected: readonly Acknowledged[];
}

export interface World {
  readonly platform: Platform;
  readonly disk: CampaignDisk;
  /** Where the backups are, on that disk. */
  readonly directory: string;
  readonly keyFile: string;
  readonly chance: Chance;
  readonly failpoints: Failpoints;
  readonly writer: PlatformWriter;
  /** Oldest first. */
  readonly backups: GoodBackup[];
  /** Milliseconds that the last undisturbed `backup create` took. */
  createMs: number;
  /** Hashes of the secrets, all of which a restore has to bring back. */
  readonly secrets: ReadonlyMap<string, string>;
  /** Logs in to the stores again: after one of them ended, or its address changed. */
  reopenStores(): Promise<void>;
  dispose(): Promise<void>;
}

/** So large that a campaign's round fits many times; filling it up is what faults do. */
const diskSize = "2G";
/** People write some rows a second: a restore looks at every one of them. */
const pace = { workers: 2, restMs: 800 };

/** Brings a platform up, with a recovery key, people at work, and one backup that was proved. */
export async function openWorld(
  seed: number,
  { chance, failpoints }: Pick<World, "chance" | "failpoints">,
): Promise<World> {
  const disk = await openCampaignDisk(diskSize);
  const platform = await openPlatform({ arguments: ["--without", "casdoor"] });
  const close = async (): Promise<void> => {
    await platform.dispose();
    disk.close();
  };
  try {
    return await bringUp(seed, { platform, disk, chance, failpoints, close });
  } catch (error) {
    await close();
    throw error;
  }
}

interface Begun extends Pick<World, "platform" | "disk" | "chance" | "failpoints"> {
  readonly close: () => Promise<void>;
}

async function bringUp(seed: number, { close, ...begun }: Begun): Promise<World> {
  const { platform, disk } = begun;
  const directory = join(disk.folder, "backups");
  const keyFile = join(platform.folder, "recovery-key");
  await mkdir(directory);
  await mustInstall(platform, "--no-verify", "--set", "backup.mode=embedded", "--set", `backup.directory=${directory}`);
  await mustSucceed(platform, ["backup", "keygen", "-o", keyFile]);
  await mustSucceed(platform, ["backup", "init", "--recovery-key-file", keyFile]);
  const stores = reopening(platform);
  await stores.reopen();
  const writer = await startWriter(stores.now, { seed, ...pace, log: join(platform.folder, "written") });
  const world: World = {
    ...begun,
    ...{ directory, keyFile, writer, backups: [], createMs: 10_000 },
    secrets: await hashSecrets(platform),
    reopenStores: stores.reopen,
    dispose: async () => {
      await Promise.race([writer.stop(), delay(60_000)]);
      await stores.now.close().catch(() => undefined);
      await close();
    },
  };
  while (writer.written.length < 5) await delay(100);
  return world;
}

/** Stores that the same people go on using after the connections to them were opened anew. */
function reopening(platform: Platform): { readonly now: PlatformStores; readonly reopen: () => Promise<void> } {
  let current: PlatformStores | undefined;
  const get = (): PlatformStores => {
    if (current === undefined) throw new Error("the stores are not open");
    return current;
  };
  return {
    now: {
      query: (statement, values) => get().query(statement, values),
      push: (repository, content) => get().push(repository, content),
      fileIn: (repository, commit, fileName) => get().fileIn(repository, commit, fileName),
      object: (method, key, body) => get().object(method, key, body),
      registry: (request) => get().registry(request),
      prepare: () => get().prepare(),
      publish: (text) => get().publish(text),
      message: (sequence) => get().message(sequence),
      close: () => get().close(),
    },
    reopen: async () => {
      const before = current;
      current = await openPlatformStores(platform);
      await before?.close().catch(() => undefined);
    },
  };
}

/** Runs a command that notes every failpoint it passes. */
export function startNoting(
  { failpoints }: Pick<World, "failpoints">,
  platform: Platform,
  args: readonly string[],
  failpoint?: string,
): RunningChild {
  return platform.start(args, { environment: failpoints.environment(args[0] ?? "", platform.name, failpoint) });
}

/**
 * Makes a backup undisturbed, and proves it.
 * @returns what is wrong with it
 */
export async function makeBackup(world: World): Promise<readonly string[]> {
  const begun = Date.now();
  const result = await startNoting(world, world.platform, ["backup", "create", "--json"]).ended;
  const ended = Date.now();
  if (result.exitCode !== 0) return [describeEnd("backup create", result)];
  const made = JSON.parse(result.stdout) as BackupCreateResult;
  world.createMs = result.ms;
  const { written, given } = world.writer;
  const expected = written.filter(({ id, at }) => at < begun && !((given.get(id) ?? Infinity) <= ended));
  world.backups.push({ id: made.backup, expected });
  const dangling = made.proof?.audit?.dangling.count;
  return dangling === 0 ? [] : [`the audit of ${made.backup} counts ${dangling ?? "no"} dangling references`];
}

/** How a command ended and all it wrote, in one text. */
export function describeEnd(what: string, { exitCode, signal, stderr }: ChildResult): string {
  return `${what} ended with ${String(exitCode ?? signal)}: ${stderr.trim()}`;
}

export async function mustSucceed(platform: Platform, args: readonly string[]): Promise<void> {
  const result = await platform.run(args);
  if (result.exitCode !== 0) throw new Error(describeEnd(args.join(" "), result));
}

/** Made from another with salt: it is another each time, and fits all the same. */
const madeAnew = new Set(["registry-htpasswd"]);

/** A hash of each secret that is not made from others, by its file's name. */
export async function hashSecrets({ stateDir }: Pick<Platform, "stateDir">): Promise<ReadonlyMap<string, string>> {
  const folder = join(stateDir, "secrets");
  const hashOf = async (name: string): Promise<string> =>
    createHash("sha256")
      .update(await readFile(join(folder, name)))
      .digest("hex");
  return new Map(
    await Promise.all(
      (await readdir(folder))
        .filter((name) => !madeAnew.has(name))
        .map(async (name) => [name, await hashOf(name)] as const),
    ),
  );
}
