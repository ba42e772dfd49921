/** Breaks a platform's backups and restores in every way that is known, and looks after each whether all is well. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createChance } from "./chance.ts";
import { createFaults } from "./create-faults.ts";
import { createFailpoints, type Failpoints } from "./failpoints.ts";
import type { Fault } from "./fault.ts";
import {
  becomesHealthy,
  everyBackupIsListed,
  leavesNothing,
  noSecretIsTold,
  nothingGoesOn,
  type Problems,
  repositoryIsWhole,
} from "./oracles.ts";
import { completeRestore, disturbances, restoreArguments, restoreFaults } from "./restore-faults.ts";
import { makeBackup, openWorld, type World } from "./world.ts";

export interface CampaignOptions {
  readonly seed: number;
  /** No round is begun after so many, and within a round no fault. */
  readonly minutes: number;
  /** Rounds at most. */
  readonly rounds?: number;
  /** Faults of each round at most, beside the loss of everything that ends it. */
  readonly faults?: { readonly create: number; readonly restore: number };
  /** Only faults whose kind has this text in it. */
  readonly only?: string;
  /** Ends it after the fault that is being looked at, with everything removed. */
  readonly signal?: AbortSignal;
}

/** One fault, and what came of it. */
export interface CampaignRow {
  readonly round: number;
  readonly kind: string;
  readonly what: string;
  readonly problems: Problems;
  /** With everything that was looked at afterwards. */
  readonly seconds: number;
}

export interface CampaignResult {
  readonly seed: number;
  readonly minutes: number;
  readonly rows: readonly CampaignRow[];
  /** Writes of people that were acknowledged. */
  readonly written: number;
  /** Of commands: how many points a run passes, and at how many of them one was killed. */
  readonly points: Readonly<Record<string, { readonly passed: number; readonly killedAt: number }>>;
}

interface Course {
  readonly options: CampaignOptions;
  readonly endsAt: number;
  readonly failpoints: Failpoints;
  readonly report: (row: CampaignRow) => void;
}

/** Runs rounds until the time is over; each has a platform of its own, and ends with its loss. */
export async function runCampaign(
  options: CampaignOptions,
  report: (row: CampaignRow) => void,
): Promise<CampaignResult> {
  const { seed, minutes, rounds = Infinity } = options;
  const begun = Date.now();
  const folder = await mkdtemp(join(tmpdir(), "slipway-campaign-"));
  const failpoints = createFailpoints(folder);
  const rows: CampaignRow[] = [];
  let written = 0;
  const take = (row: CampaignRow): void => {
    rows.push(row);
    report(row);
  };
  const course = { options, endsAt: begun + minutes * 60_000, failpoints, report: take };
  try {
    for (let round = 1; round <= rounds && (round === 1 || !isOver(course)); round += 1) {
      written += await runRound(round, course);
    }
    const points = Object.fromEntries(
      ["backup", "restore"].map((command) => [
        command,
        { passed: failpoints.passedBy(command).length, killedAt: failpoints.killedAt(command) },
      ]),
    );
    return { seed, minutes: Math.round((Date.now() - begun) / 60_000), rows, written, points };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isOver({ endsAt, options }: Course): boolean {
  return Date.now() > endsAt || options.signal?.aborted === true;
}

/** Gives how much people wrote. */
async function runRound(round: number, course: Course): Promise<number> {
  const { options, failpoints } = course;
  const chance = createChance(`${options.seed} ${round}`);
  const world = await openWorld(options.seed * 1000 + round, { chance, failpoints });
  try {
    await tell(round, course, { kind: "undisturbed", run: () => undisturbed(world) });
    const isWanted = ({ kind }: Fault): boolean => kind.includes(options.only ?? "");
    const create = chance.shuffle(createFaults).filter(isWanted).slice(0, options.faults?.create);
    for (const fault of create) await letHappen(fault, afterCreate, { round, course, world });
    await world.writer.stop();
    const restore = chance.shuffle(restoreFaults).filter(isWanted).slice(0, options.faults?.restore);
    for (const fault of restore) await letHappen(fault, () => Promise.resolve([]), { round, course, world });
    if (options.signal?.aborted !== true)
      await tell(round, course, { kind: "everything is lost", run: () => loseEverything(world) });
    return world.writer.written.length;
  } finally {
    await world.dispose();
  }
}

interface Turn {
  readonly round: number;
  readonly course: Course;
  readonly world: World;
}

async function letHappen(
  fault: Fault,
  after: (world: World) => Promise<Problems>,
  { round, course, world }: Turn,
): Promise<void> {
  if (isOver(course)) return;
  await tell(round, course, {
    kind: fault.kind,
    run: async () => {
      const { what, problems } = await fault.run(world);
      return { what, problems: [...problems, ...(await after(world))] };
    },
  });
}

interface Told {
  readonly kind: string;
  readonly run: () => Promise<{ readonly what: string; readonly problems: Problems }>;
}

/** What cannot even be looked at is a problem of this row, and the campaign goes on. */
async function tell(round: number, { report }: Course, { kind, run }: Told): Promise<void> {
  const begun = performance.now();
  const seconds = (): number => Math.round((performance.now() - begun) / 1000);
  try {
    report({ round, kind, ...(await run()), seconds: seconds() });
  } catch (error) {
    report({ round, kind, what: "could not be looked at", problems: [String(error)], seconds: seconds() });
  }
}

async function undisturbed(world: World): ReturnType<Told["run"]> {
  const problems = await makeBackup(world);
  return { what: "backup create", problems: [...problems, ...(await nothingGoesOn(world.platform))] };
}

/** The same command makes a whole backup, and whatever was there before still is. */
async function afterCreate(world: World): Promise<Problems> {
  const healthy = await becomesHealthy(world.platform);
  await world.reopenStores();
  const made = await makeBackup(world);
  // One more time is allowed, and told as a problem only then.
  const again = made.length === 0 ? [] : await makeBackup(world);
  return [
    ...healthy,
    ...(again.length === 0 ? [] : [...made, ...again]),
    ...(await nothingGoesOn(world.platform)),
    ...(await everyBackupIsListed(world)),
    ...(world.chance.below(4) === 0 ? await repositoryIsWhole(world) : []),
    ...(await noSecretIsTold(world.platform)),
  ];
}

/** The platform is given up with all its data, and comes back from directory and key alone, however often that is interrupted. */
async function loseEverything(world: World): ReturnType<Told["run"]> {
  const { platform, backups, chance } = world;
  const whole = await repositoryIsWhole(world);
  const lost = await leavesNothing(platform);
  const backup = backups.at(-1);
  if (backup === undefined) return { what: "there is no backup", problems: ["no backup was made"] };
  const args = restoreArguments(world, backup, []);
  const kinds = chance.shuffle(disturbances);
  const disturbed = [];
  for (const { disturb } of kinds) disturbed.push(await disturb({ world, platform, args }));
  const after = await completeRestore({ world, platform, args }, backup);
  const verified = await platform.run(["verify"]);
  return {
    what: disturbed.map(({ what }) => what).join("; "),
    problems: [
      ...whole,
      ...lost,
      ...disturbed.flatMap(({ problems }) => problems),
      ...after,
      ...(verified.exitCode === 0 ? [] : [`verify ended with ${String(verified.exitCode)}: ${verified.stderr}`]),
      ...(await leavesNothing(platform)),
    ],
  };
}
