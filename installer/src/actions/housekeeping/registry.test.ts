import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { fixturePorts, installFixture } from "../../../test/support/fixture-install.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryTarget, type MemoryTarget } from "../../../test/support/memory-target.ts";
import { ApplyError, InterruptedError } from "../../errors/installer-error.ts";
import type { InstallerEvent } from "../../events/event.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { acquireRunLock } from "../../execute/state/run-lock.ts";
import type { Plan } from "../../plan/model.ts";
import type { CopyAnswer, JobRun } from "../../targets/target.ts";
import { cleanRegistry, type RegistryHousekeepingRequest } from "./registry.ts";

const told = [
  "people/image",
  "people/image: marking blob sha256:aa",
  "8 blobs marked, 2 blobs and 1 manifests eligible for deletion",
  "blob eligible for deletion: sha256:bb",
];
/** A row of /proc/net/tcp: port 5000, and a connection that is used. */
const connection = "   1: 0300A8C0:1388 0200A8C0:C350 01 00000000:00000000 00:00000000 00000000 10007 0 1 1";
const listening = "   0: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000 10007 0 1 1";

let folder: string;
let shared: Promise<Awaited<ReturnType<typeof install>>>;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-housekeeping-"));
  shared = install("shared", infraPlan());
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A platform that is up. */
async function install(name: string, plan: Plan) {
  const world = createMemoryTarget();
  const ports = { ...fixturePorts(), target: world.target };
  const openDesire = async () => {
    const rendering = await world.target.render(plan);
    return () => Promise.resolve({ plan, rendering, valuesText: "{}", given: () => "given" });
  };
  const stateDir = join(folder, name);
  await installFixture({ name: "p", stateDir }, ports, { openDesire });
  return { world, ports, stateDir };
}

/** It, with time that goes by as soon as somebody waits. */
async function installed(up = shared) {
  const { world, ports, stateDir } = await up;
  world.notices.length = 0;
  const events: InstallerEvent[] = [];
  let waited = 0;
  const clock = {
    now: () => new Date(Date.UTC(2026, 0, 1) + waited),
    monotonicMs: () => waited,
    sleep: (ms: number) => Promise.resolve(void (waited += ms)),
  };
  const gateway = (): CopyAnswer => {
    const put = world.notices.at(-1)?.[1] ?? new Map<string, string>();
    return { name: "gateway", exitCode: 0, lines: [`${clock.now().getTime() / 1000}`, ...put.keys()] };
  };
  const requests: string[][] = [[listening]];
  const askCopies = (_install: unknown, component: string): Promise<readonly CopyAnswer[]> => {
    if (component === "gateway") return Promise.resolve([gateway()]);
    const lines = requests.length > 1 ? requests.shift() : requests[0];
    return Promise.resolve([{ name: "registry", exitCode: 0, lines: lines ?? [] }]);
  };
  const target = { ...world.target, askCopies };
  const report = (event: InstallerEvent): void => void events.push(event);
  const work = { world, events, requests, stateDir, ports: { ...ports, clock, target, report } };
  return { ...work, runs: (job: (run: JobRun) => number) => ({ ...work.ports, target: runningJob(target, job) }) };
}

function runningJob(target: MemoryTarget["target"], job: (run: JobRun) => number): MemoryTarget["target"] {
  return { ...target, runJob: (_install, run) => Promise.resolve().then(() => job(run)) };
}

function says(lines: readonly string[], status = 0) {
  return ({ onLine }: JobRun): number => {
    for (const line of lines) onLine?.(line);
    return status;
  };
}

const ask = (request: Partial<RegistryHousekeepingRequest> = {}): RegistryHousekeepingRequest => ({
  ...{ name: "p", stateDir: join(folder, "shared"), dryRun: false, untagged: false, minutes: 10 },
  ...request,
});

/** Whether pushes wait by what was put last, so many seconds from the first of January. */
function waits({ notices }: MemoryTarget, seconds: number): boolean {
  const step = Math.floor((Date.UTC(2026, 0, 1) / 1000 + seconds) / 100);
  return notices.at(-1)?.[1].has(`push-${step}`) === true;
}

describe("housekeeping of the registry", () => {
  it("removes while pushes wait, says what it was, and lets them through again", async () => {
    const { world, runs } = await installed();
    const held: boolean[] = [];

    const result = await cleanRegistry(
      ask({ untagged: true }),
      runs((run) => {
        held.push(waits(world, 0), waits(world, 610));
        expect(run).toMatchObject({ id: "registry-cleaning" });
        expect(run.arguments?.slice(2)).toEqual(["--delete-untagged"]);
        return says(told)(run);
      }),
    );

    expect(result).toMatchObject({ dryRun: false, blobs: 2, images: 1, keptBlobs: 8 });
    expect(held).toEqual([true, true]);
    expect(world.notices.at(-1)?.[1].size).toBe(0);
  });

  it("has the job end by itself before pushes wait no longer, and never holds them for eight minutes more", async () => {
    const { world, runs } = await installed();
    let until = 0;

    await cleanRegistry(
      ask(),
      runs((run) => {
        until = Number(run.arguments?.[1]) - Date.UTC(2026, 0, 1) / 1000;
        // A minute behind, a minute ahead, and the moment that it takes to end.
        expect(waits(world, until + 125)).toBe(true);
        expect(waits(world, 600 + 480)).toBe(false);
        return says(told)(run);
      }),
    );

    expect(until).toBe(600);
  });

  it("on a dry run lets pushes through, and only asks", async () => {
    const { world, runs } = await installed();
    let words: readonly string[] = [];

    const result = await cleanRegistry(
      ask({ dryRun: true }),
      runs((run) => {
        words = run.arguments ?? [];
        return says(told)(run);
      }),
    );

    expect(words.slice(2)).toEqual(["--dry-run"]);
    expect(result).toMatchObject({ dryRun: true, blobs: 2, heldSeconds: 0 });
    expect(world.notices).toEqual([]);
  });

  it("waits for requests that were there before, and not for those that came since", async () => {
    const { requests, runs } = await installed();
    const later = connection.replace("C350", "C351");
    requests.splice(0, 1, [listening, connection], [connection, later], [later]);
    let looksLeft = -1;

    await cleanRegistry(
      ask(),
      runs((run) => {
        looksLeft = requests.length;
        return says(told)(run);
      }),
    );

    expect(looksLeft).toBe(1);
  });

  it("removes nothing while such a request goes on", async () => {
    const { world, requests, runs } = await installed();
    requests.splice(0, 1, [connection]);

    const error = await errorOf(() => cleanRegistry(ask({ minutes: 2 }), runs(says(told))));

    expect(error).toMatchObject({
      code: "APPLY_FAILED",
      message: expect.stringContaining("have not ended within 60 s: 1; nothing was removed") as string,
    });
    expect(world.notices.at(-1)?.[1].size).toBe(0);
  });

  it("on a registry that nobody has pushed to finds nothing", async () => {
    const { runs } = await installed();
    const empty = "failed to garbage collect: failed to mark: s3aws: Path not found: /docker/registry/v2/repositories";

    expect(await cleanRegistry(ask(), runs(says([empty], 1)))).toMatchObject({ blobs: 0, keptBlobs: 0 });
  });

  it.each([
    [124, "ROLLOUT_TIMEOUT", "the registry was not through within 10 minutes; what was removed stays removed"],
    [1, "APPLY_FAILED", "the job registry-cleaning failed with exit status 1"],
  ])("says why it ended with status %i, and lets pushes through", async (status, code, message) => {
    const { world, runs } = await installed();

    const error = await errorOf(() => cleanRegistry(ask(), runs(says(["no such bucket"], status))));

    expect(error).toMatchObject({ code, message });
    expect(world.notices.at(-1)?.[1].size).toBe(0);
  });

  it("lets pushes through when it is interrupted, for the job is ended", async () => {
    const { world, runs } = await installed();
    const job = (): number => {
      throw new InterruptedError("interrupted");
    };

    expect(await errorOf(() => cleanRegistry(ask(), runs(job)))).toMatchObject({ code: "INTERRUPTED" });
    expect(world.notices.at(-1)?.[1].size).toBe(0);
  });

  it("has pushes wait on while a job may go on that nobody could end", async () => {
    const { world, events, runs } = await installed();
    const job = (): number => {
      throw new ApplyError("the engine does not answer");
    };

    await errorOf(() => cleanRegistry(ask(), runs(job)));

    expect(waits(world, 600)).toBe(true);
    expect(events).toContainEqual(expect.objectContaining({ type: "warning" }));
  });

  it("of a run that was killed keeps the next one waiting", async () => {
    const { world, runs } = await installed();
    const step = Math.floor(Date.UTC(2026, 0, 1) / 100_000);
    world.notices.push(["gateway", new Map([[`push-${step + 2}`, ""]])]);

    expect(await errorOf(() => cleanRegistry(ask(), runs(says(told))))).toMatchObject({
      code: "LOCKED",
      hint: expect.stringContaining("2026-01-01T00:05:00.000Z") as string,
    });
  });

  it("stands aside for a backup or any other change", async () => {
    const { ports, stateDir } = await installed();
    const release = await acquireRunLock(ports, stateLayout(stateDir), "another");

    expect(await errorOf(() => cleanRegistry(ask(), ports))).toMatchObject({ code: "LOCKED" });

    await release();
  });

  it("needs a registry that serves", async () => {
    const { world, ports } = await installed();
    const registry = world.services.get("registry");
    world.services.delete("registry");

    const error = await errorOf(() => cleanRegistry(ask(), ports));
    if (registry !== undefined) world.services.set("registry", registry);

    expect(error).toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: "the job registry-cleaning needs registry, which does not serve",
    });
  });

  it("cleans none that is not the platform's own", async () => {
    const outside = ["url=https://r.corp", "user=u", "password=p"].map((setting) => `registry.external.${setting}`);
    const { ports, stateDir } = await installed(install("outside", infraPlan(["registry.mode=external", ...outside])));

    expect(await errorOf(() => cleanRegistry(ask({ stateDir, dryRun: true }), ports))).toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: "the registry of this platform is somewhere else, and not this program's to clean",
    });
  });

  it("needs an install", async () => {
    const ports = { ...fixturePorts(), target: createMemoryTarget().target };

    expect(await errorOf(() => cleanRegistry(ask({ stateDir: join(folder, "none") }), ports))).toMatchObject({
      code: "PREFLIGHT_FAILED",
    });
  });
});
