/** What happens to `backup create`, and that the same command makes a whole backup afterwards. */
import { glob } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { BackupListResult } from "../../src/actions/backup/backup.ts";
import type { ChildResult, RunningChild } from "../support/child.ts";
import { pointsReached, untilTrue } from "../support/hold.ts";
import type { Fault } from "./fault.ts";
import { killAfter, killJobAfter, killServiceAfter } from "./kills.ts";
import { endedNamed, type Problems } from "./oracles.ts";
import { describeEnd, startNoting, type World } from "./world.ts";

/** Services that a backup copies from, or that hold deletes back meanwhile. */
const services = ["postgres", "gitaly", "minio", "nats", "registry", "gateway"];
const kibibyte = 1024;

export const createFaults: readonly Fault[] = [
  {
    kind: "killed at a step of its records",
    run: async (world) => {
      const point = world.failpoints.choose("backup", world.chance);
      const { signal, ...rest } = await startNoting(world, world.platform, ["backup", "create"], point).ended;
      if (signal === "SIGKILL") world.failpoints.noteKill("backup", point);
      return { what: point, problems: signal === "SIGKILL" ? [] : endedWell({ signal, ...rest }) };
    },
  },
  {
    kind: "killed at a random moment",
    run: async (world) => {
      const ms = world.chance.below(world.createMs);
      const result = await killAfter(create(world), ms);
      return { what: `after ${ms} ms`, problems: result.signal === "SIGKILL" ? [] : endedWell(result) };
    },
  },
  {
    kind: "killed twice",
    run: async (world) => {
      const times = [world.chance.below(world.createMs), world.chance.below(world.createMs)];
      const problems: string[] = [];
      for (const ms of times) {
        const result = await killAfter(create(world), ms);
        if (result.signal !== "SIGKILL") problems.push(...endedWell(result));
      }
      return { what: `after ${times.join(" and ")} ms`, problems };
    },
  },
  {
    kind: "the container that copies is killed",
    run: async (world) => {
      const child = create(world);
      const ms = world.chance.below(world.createMs);
      const wasKilled = await killJobAfter(world.platform, child, ms);
      const result = await child.ended;
      return { what: `after ${ms} ms`, problems: wasKilled ? createEnded(result) : endedWell(result) };
    },
  },
  {
    kind: "the container that copies is killed as it tells of a step",
    run: async (world) => {
      const { platform, failpoints, chance } = world;
      const steps = failpoints.passedBy("backup").filter((point) => point.startsWith("told:create:"));
      const point = chance.pick(steps);
      const log = join(platform.folder, `points-of-run-${chance.below(1e9)}`);
      const environment = { SLIPWAY_FAILPOINT_LOG: log };
      const child = platform.start(["backup", "create", "--no-proof"], { environment });
      await untilTrue(child.ended, `the point ${point}`, () => pointsReached(log).includes(point));
      await killJobAfter(platform, child, 0);
      return { what: point, problems: createEnded(await child.ended) };
    },
  },
  {
    kind: "a service is killed",
    run: async (world) => {
      const service = world.chance.pick(services);
      const child = create(world);
      const ms = world.chance.below(world.createMs);
      await killServiceAfter({ platform: world.platform, service }, child, ms);
      // It may be done with it by then.
      const problems = createEnded(await child.ended);
      await delay(2000);
      return { what: `${service} after ${ms} ms`, problems };
    },
  },
  {
    kind: "the disk of backups is full",
    run: async (world) => {
      const left = world.chance.pick([0, 64, 512, 4096, 65_536]) * kibibyte;
      world.disk.fillUpTo(left);
      try {
        const result = await create(world).ended;
        const problems = createEnded(result);
        const isNamed = result.exitCode === 0 || /no space|full/i.test(result.stderr);
        return {
          what: `${left / kibibyte} KiB left`,
          problems: isNamed ? problems : [...problems, `nothing is said of the full disk: ${result.stderr}`],
        };
      } finally {
        world.disk.empty();
      }
    },
  },
  {
    kind: "the disk of backups cannot be written to",
    run: async (world) => {
      world.disk.protect();
      try {
        const result = await create(world).ended;
        const isNamed = result.exitCode === 6 && /read-only/i.test(result.stderr);
        return { what: "read-only", problems: isNamed ? [] : [describeEnd("backup create", result)] };
      } finally {
        world.disk.unprotect();
      }
    },
  },
  {
    kind: "the clock of who makes it is off",
    run: async (world) => {
      const seconds = world.chance.pick([-1, 1]) * world.chance.pick([3600, 365 * 86_400]);
      const environment = await clockOff(seconds);
      const result = await world.platform.run(["backup", "create", "--no-proof"], { environment });
      const isNamed = result.exitCode === 6 && result.stderr.includes("clocks have to agree");
      return { what: `by ${seconds} s`, problems: isNamed ? [] : [describeEnd("backup create", result)] };
    },
  },
  {
    kind: "two at once",
    run: async (world) => {
      const ms = world.chance.below(world.createMs / 2);
      const first = create(world);
      await delay(ms);
      const second = await world.platform.run(["backup", "create", "--no-proof"]);
      const firstEnd = await first.ended;
      const codes = [firstEnd.exitCode, second.exitCode].toSorted();
      const isRight = codes.join() === "0,75";
      const told = [firstEnd, second].map((end) => describeEnd("one of them", end)).join("; ");
      return { what: `${ms} ms apart`, problems: isRight ? [] : [told] };
    },
  },
  {
    kind: "backup prune is killed",
    run: async (world) => {
      const ms = world.chance.below(6000);
      const result = await killAfter(world.platform.start(["backup", "prune"]), ms);
      const problems = result.signal === "SIGKILL" ? [] : endedWell(result);
      return { what: `after ${ms} ms`, problems: [...problems, ...(await keepListed(world))] };
    },
  },
];

/** For a program whose clock differs by so many seconds, while all others have the machine's. */
async function clockOff(seconds: number): Promise<Readonly<Record<string, string>>> {
  for await (const library of glob("/usr/lib/*/faketime/libfaketime.so.1")) {
    return { LD_PRELOAD: library, FAKETIME: String(seconds) };
  }
  throw new Error("the clock cannot be set off: Debian's package libfaketime is not installed");
}

/** Of those of one day the newest alone has to stay. */
async function keepListed({ platform, backups }: World): Promise<Problems> {
  const newest = backups.at(-1);
  const listed = new Set((await platform.json<BackupListResult>(["backup", "list"])).backups.map(({ id }) => id));
  const kept = backups.filter(({ id }) => listed.has(id));
  backups.splice(0, backups.length, ...kept);
  return newest === undefined || listed.has(newest.id) ? [] : [`the newest backup ${newest.id} was removed`];
}

function create(world: World): RunningChild {
  return startNoting(world, world.platform, ["backup", "create", "--no-proof"]);
}

function endedWell(result: ChildResult): Problems {
  return result.exitCode === 0 ? [] : [describeEnd("the command", result)];
}

function createEnded(result: ChildResult): Problems {
  return endedNamed("the command", result, [4, 6]);
}
