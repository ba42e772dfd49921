import { expect, it } from "vitest";
import { fixtureDesired, fixturePorts, installFixture } from "../../../../test/support/fixture-install.ts";
import { createMemoryCluster } from "../../../../test/support/memory-cluster.ts";
import { createStillClock } from "../../../../test/support/memory-ports.ts";
import { createMemoryTarget } from "../../../../test/support/memory-target.ts";
import { createMachine, type Machine, type MachineRun } from "../../../../test/support/two-machines.ts";
import type { ActionPorts } from "../../../actions/context.ts";
import type { Desired } from "../../../actions/desired/desired.ts";
import { stateLayout } from "../../../execute/state/layout.ts";
import { refreshCopy } from "../../../execute/state/refresh-copy.ts";
import type { Target } from "../../target.ts";

const install = "hub";
const layout = stateLayout("/state");

/** A platform in memory whose install is looked after from two machines, and every secret that was ever in use on it. */
function createWorld() {
  const memory = createMemoryCluster();
  const clock = createStillClock();
  const platform = createMemoryTarget();
  const used = new Map<string, string>();
  const machines = { memory, clock, namespace: install, install };
  const targetOf = (run: MachineRun): Target => ({
    ...platform.target,
    identity: { kind: "memory", namespace: install },
    records: run.records,
    apply: async (change, io) => {
      // Whatever is applied may have been used, also when the run dies a moment later.
      for (const [path, file] of change.wanted.files) used.set(path, file.contents);
      await platform.target.apply(change, io);
    },
  });
  /** The command `install` from the start of the program on: the directory is brought up to date, then the action runs. */
  async function runInstall(machine: Machine, greeting: string, killedAt?: number) {
    const run = machine.run(killedAt);
    const target = targetOf(run);
    const ports = { ...fixturePorts(), ...run.ports, target } as unknown as ActionPorts;
    const done = (async () => {
      await refreshCopy(ports, layout, "fail");
      const options = { name: install, stateDir: "/state", greeting, withoutWeb: true, request: { skipVerify: true } };
      return installFixture(options, ports, { openDesire: async () => cheap(await fixtureDesired(options, target)) });
    })();
    const result = await Promise.race([done, run.killed]);
    return { run, result };
  }
  return {
    memory,
    clock,
    platform,
    used,
    runInstall,
    one: createMachine("one", machines),
    two: createMachine("two", machines),
  };
}

/** With the secrets alone that take no time to make: hundreds of installs are made here. */
function cheap(desired: Desired): () => Promise<Desired> {
  const kinds: readonly string[] = ["random", "given", "ssh-host-key"];
  const secrets = desired.plan.secrets.filter(({ generator }) => kinds.includes(generator.kind));
  return () => Promise.resolve({ ...desired, plan: { ...desired.plan, secrets } });
}

async function secretsOn({ fs }: Machine): Promise<Readonly<Record<string, string>>> {
  const names = await fs.list(layout.secrets);
  const read = names.map(
    async (name): Promise<[string, string]> => [name, await fs.readText(`${layout.secrets}/${name}`)],
  );
  return Object.fromEntries(await Promise.all(read));
}

/** Killed at each point of an install, or of a change of what is installed. */
async function sweep(
  isChange: boolean,
  check: (world: ReturnType<typeof createWorld>, usedBefore: ReadonlyMap<string, string>) => Promise<void>,
): Promise<number> {
  for (let point = 0; ; point += 1) {
    const world = createWorld();
    if (isChange) await world.runInstall(world.one, "hello");
    const { run, result } = await world.runInstall(world.one, isChange ? "changed" : "hello", point);
    if (result !== undefined) return run.points.length;
    try {
      await check(world, new Map(world.used));
    } catch (error) {
      throw new Error(`killed at ${run.points.at(-1) ?? ""} (${point})`, { cause: error });
    }
  }
}

/** What was in use stays in use as it was: no store meets another password. */
function requireKept(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): void {
  const secret = (files: ReadonlyMap<string, string>) => [...files].filter(([path]) => path.startsWith("store/"));
  if (before.size > 0) expect(secret(after)).toEqual(secret(before));
}

it.each([false, true])(
  "the same command on the same machine finishes it, at once, and another machine has all of it then (change: %s)",
  async (isChange) => {
    const points = await sweep(isChange, async (world, before) => {
      const { one, two } = world;
      const { result } = await world.runInstall(one, "changed");

      expect(result).toBeDefined();
      requireKept(before, world.used);
      // The lock of the killed run was not waited for.
      expect(world.clock.monotonicMs()).toBeLessThan(5000);
      await world.runInstall(two, "changed");
      expect(await secretsOn(two)).toEqual(await secretsOn(one));
    });

    expect(points).toBeGreaterThan(isChange ? 15 : 40);
  },
);

it.each([false, true])(
  "another machine finishes it with every secret that is in use, when the first is gone for good (change: %s)",
  async (isChange) => {
    await sweep(isChange, async (world, before) => {
      const { one, two, clock } = world;
      clock.advance(3600_000);
      const { result } = await world.runInstall(two, "changed");

      expect(result).toBeDefined();
      requireKept(before, world.used);
      expect(world.memory.all("Lease")).toEqual([]);
      // The first comes back: it goes on with what the second did, or a person is asked; it never goes on with its own.
      const back = one.run();
      const ports = { ...back.ports, target: { records: back.records } };
      const refusal = await refreshCopy(ports, layout, "fail").catch((error: unknown) => error);
      if (refusal === undefined) expect(await secretsOn(one)).toEqual(await secretsOn(two));
      else
        expect(refusal).toMatchObject({
          code: "PREFLIGHT_FAILED",
          hint: expect.stringMatching(/attach|--state-dir/) as string,
        });
    });
  },
);

it("a machine that was killed while it copied copies again, and has all of it", async () => {
  for (let point = 0; ; point += 1) {
    const { one, two, runInstall } = createWorld();
    await runInstall(one, "hello");
    const killed = two.run(point);
    const copied = refreshCopy({ ...killed.ports, target: { records: killed.records } }, layout, "fail").then(
      () => true,
    );
    const isDone = (await Promise.race([copied, killed.killed])) === true;
    const { result } = await runInstall(two, "hello");

    expect(result).toMatchObject({ changed: false });
    expect(await secretsOn(two)).toEqual(await secretsOn(one));
    if (isDone) {
      expect(point).toBeGreaterThan(8);
      return;
    }
  }
});
