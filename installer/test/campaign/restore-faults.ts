/** What happens to `restore` of a backup beside the platform, and that the same command brings everything back afterwards. */
import type { ChildResult } from "../support/child.ts";
import { portArguments } from "../support/free-ports.ts";
import { openPlatform, type Platform } from "../support/platform.ts";
import type { Fault } from "./fault.ts";
import { killAfter, killJobAfter, killServiceAfter } from "./kills.ts";
import {
  becomesHealthy,
  endedNamed,
  isAsBefore,
  leavesNothing,
  noSecretIsTold,
  nothingGoesOn,
  type Problems,
} from "./oracles.ts";
import { describeEnd, type GoodBackup, startNoting, type World } from "./world.ts";

/** So many times at most the same command is given again once nothing ends it any more. */
const mostReruns = 2;
/** Milliseconds within which a random kill falls. */
const longestMs = 45_000;
const stores = ["postgres", "gitaly", "minio", "nats"];

/** A restore that is disturbed, one way after the other. */
export interface DisturbedRestore {
  readonly world: World;
  readonly platform: Platform;
  readonly args: readonly string[];
}

type Disturb = (restore: DisturbedRestore) => Promise<{ readonly what: string; readonly problems: Problems }>;

/** Each ends a run of the restore somewhere, or lets it be complete when it was too late. */
export const disturbances: readonly { readonly kind: string; readonly disturb: Disturb }[] = [
  {
    kind: "killed at a step of its records",
    disturb: async ({ world, platform, args }) => {
      const passed = world.failpoints.passedBy("restore");
      if (passed.length === 0) return { what: "at no step, for none is known yet", problems: [] };
      const point = world.failpoints.choose("restore", world.chance);
      const result = await startNoting(world, platform, args, point).ended;
      if (result.signal !== "SIGKILL")
        return { what: `${point} (not passed any more)`, problems: restoreEnded(result) };
      world.failpoints.noteKill("restore", point);
      return { what: point, problems: [] };
    },
  },
  {
    kind: "killed at a random moment",
    disturb: async ({ world, platform, args }) => {
      const ms = world.chance.below(longestMs);
      const result = await killAfter(startNoting(world, platform, args), ms);
      return { what: `after ${ms} ms`, problems: result.signal === "SIGKILL" ? [] : restoreEnded(result) };
    },
  },
  {
    kind: "a container that brings something back is killed",
    disturb: async ({ world, platform, args }) => {
      const ms = world.chance.below(longestMs / 2);
      const child = startNoting(world, platform, args);
      await killJobAfter(platform, child, ms);
      return { what: `after ${ms} ms`, problems: restoreEnded(await child.ended) };
    },
  },
  {
    kind: "a store is killed",
    disturb: async ({ world, platform, args }) => {
      const ms = world.chance.below(longestMs / 2);
      const service = world.chance.pick(stores);
      const child = startNoting(world, platform, args);
      await killServiceAfter({ platform, service }, child, ms);
      return { what: `${service} after ${ms} ms`, problems: restoreEnded(await child.ended) };
    },
  },
];

/** Beside the platform, which people go on using; it goes without a trace afterwards. */
export const restoreFaults: readonly Fault[] = [
  ...disturbances.map(
    ({ kind, disturb }): Fault => ({
      kind: `restore: ${kind}`,
      run: (world) => besideIt(world, (restore) => disturbTwice(restore, disturb)),
    }),
  ),
  { kind: "restore: two at once", run: (world) => besideIt(world, twoAtOnce) },
  { kind: "restore: from a medium that breaks", run: fromBrokenMedium },
];

async function besideIt(world: World, disturb: Disturb): ReturnType<Fault["run"]> {
  const backup = world.chance.pick(world.backups);
  const beside = await openPlatform();
  try {
    const args = restoreArguments(world, backup, portArguments(beside.ports));
    const { what, problems } = await disturb({ world, platform: beside, args });
    const after = await completeRestore({ world, platform: beside, args }, backup);
    return { what, problems: [...problems, ...after, ...(await leavesNothing(beside))] };
  } finally {
    await beside.dispose();
  }
}

export function restoreArguments(
  { directory, keyFile }: Pick<World, "directory" | "keyFile">,
  backup: GoodBackup,
  ports: readonly string[],
): readonly string[] {
  return ["restore", "--from", directory, "--recovery-key-file", keyFile, "--backup", backup.id, ...ports];
}

/** Gives the command again until it is done, and looks at what came back. */
export async function completeRestore(
  { world, platform, args }: DisturbedRestore,
  backup: GoodBackup,
): Promise<Problems> {
  const failures: string[] = [];
  for (let run = 0; run <= mostReruns; run += 1) {
    const result = await startNoting(world, platform, args).ended;
    // Done by a run that was thought to be disturbed.
    const isDone = result.exitCode === 0 || result.stderr.includes("is installed here");
    if (isDone) return await brought(world, platform, backup);
    failures.push(describeEnd("restore", result));
  }
  return failures;
}

async function brought(world: World, platform: Platform, backup: GoodBackup): Promise<Problems> {
  return [
    ...(await becomesHealthy(platform)),
    ...(await isAsBefore(platform, backup, world)),
    ...(await nothingGoesOn(platform)),
    ...(await noSecretIsTold(platform)),
  ];
}

async function disturbTwice(restore: DisturbedRestore, disturb: Disturb): ReturnType<Disturb> {
  const first = await disturb(restore);
  const second = await disturb(restore);
  return { what: `${first.what}; ${second.what}`, problems: [...first.problems, ...second.problems] };
}

async function twoAtOnce({ world, platform, args }: DisturbedRestore): ReturnType<Disturb> {
  const first = startNoting(world, platform, args);
  const ms = 1000 + world.chance.below(8000);
  await new Promise((resolve) => setTimeout(resolve, ms));
  const second = await platform.run(args);
  const end = await first.ended;
  const isRight = end.exitCode === 0 && second.exitCode === 75;
  const told = [end, second].map((one) => describeEnd("one of them", one)).join("; ");
  return { what: `${ms} ms apart`, problems: isRight ? [] : [told] };
}

/** Either all of it can be read, and comes back, or the restore says what is wrong, and nothing serves what is damaged. */
async function fromBrokenMedium(world: World): ReturnType<Fault["run"]> {
  const backup = world.chance.pick(world.backups);
  const percent = 10 + world.chance.below(85);
  const broken = world.disk.brokenCopy(percent / 100);
  const beside = await openPlatform();
  try {
    const directory = `${broken.folder}/backups`;
    const args = restoreArguments({ ...world, directory }, backup, portArguments(beside.ports));
    const result = await startNoting(world, beside, args).ended;
    const problems = result.exitCode === 0 ? await isAsBefore(beside, backup, world) : restoreEnded(result);
    const how = result.exitCode === 0 ? "what was needed could be read" : "refused";
    return { what: `readable up to ${percent} %: ${how}`, problems: [...problems, ...(await leavesNothing(beside))] };
  } finally {
    await beside.dispose();
    broken.close();
  }
}

/** One that was thought to be disturbed may have been done before. */
function restoreEnded(result: ChildResult): Problems {
  if (result.exitCode === 2 && result.stderr.includes("is installed here")) return [];
  return endedNamed("restore", result, [4, 5, 6]);
}
