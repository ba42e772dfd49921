import { join } from "node:path";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import { openInstall } from "../../src/execute/state/install.ts";
import { createFileSystem } from "../../src/platform/file-system.ts";
import { engineVolumeName } from "../../src/render/compose/compose-service.ts";
import { servicesOf, storesOf } from "../../src/render/rendering.ts";
import { mustRun } from "../support/child.ts";
import { type Bench, install, purge, withBench } from "./bench-platform.ts";
import { bringUpByHand, composeIn, takeDownByHand } from "./by-hand.ts";
import type { RenderedPlatform } from "./by-hand.ts";
import { compare, formatMs, median } from "./measure.ts";
import type { Comparison } from "./measure.ts";
import { type BenchRow, atMost } from "./row.ts";

/** Bring-up on a real engine, against `docker compose` on the same file with the same jobs. */
export function platformRows(program: string, rounds: number): readonly BenchRow[] {
  const bars = {
    infra: { suffix: "", bringUp: 1.25, noOp: 1.5 },
    standard: { suffix: "-standard", bringUp: 0.6, noOp: 0.3 },
  } as const;
  const chain: BenchRow = {
    id: "chain-standard",
    title: "fresh `install` of standard, images present",
    rival: "its own critical path, as `--timings` measures it",
    measure: (say) =>
      withBench(program, "standard", async (bench) => atMost(await measureChain(bench, rounds, say), 1.15)),
  };
  const rows = (["infra", "standard"] as const).flatMap((profile): readonly BenchRow[] => {
    const { suffix, bringUp, noOp } = bars[profile];
    return [
      {
        id: `bring-up${suffix}`,
        title: `fresh \`install\` of ${profile}, images present`,
        rival: "`docker compose up -d --wait` and the jobs, by hand, secrets ready-made",
        measure: (say) =>
          withBench(program, profile, async (bench) => atMost(await measureBringUp(bench, rounds, say), bringUp)),
      },
      {
        id: `no-op${suffix}`,
        title: `\`install\` of ${profile} with nothing to do`,
        rival: "`docker compose up -d` with nothing to do",
        measure: (say) =>
          withBench(program, profile, async (bench) => atMost(await measureNothingToDo(bench, say), noOp)),
      },
    ];
  });
  const rotation: BenchRow = {
    id: "rotate",
    title: "`secrets rotate --all` of infra, without proof",
    rival: "`slipway restart`: every component once",
    measure: (say) =>
      withBench(program, "infra", async (bench) => atMost(await measureRotation(bench, rounds, say), 2)),
  };
  return [...rows, chain, rotation];
}

async function measureRotation(bench: Bench, rounds: number, say: (text: string) => void): Promise<Comparison> {
  await install(bench);
  try {
    return await compare(
      { run: () => bench.slipway("secrets", "rotate", "--all", "--no-verify") },
      { run: () => bench.slipway("restart") },
      { rounds, onRound: say },
    );
  } finally {
    await purge(bench);
  }
}

/** How much of a run is no part of what decided its length. */
async function measureChain(bench: Bench, rounds: number, say: (text: string) => void): Promise<Comparison> {
  const runs: { readonly totalMs: number; readonly criticalMs: number }[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    const { timings } = JSON.parse(await install(bench, "--timings", "--json")) as InstallResult;
    await purge(bench);
    if (timings === undefined) throw new Error("install --timings told no timings");
    const path = timings.work.filter(({ critical }) => critical).map(({ id }) => id);
    say(`round ${round}: ${formatMs(timings.totalMs)} against ${formatMs(timings.criticalMs)}: ${path.join(", ")}`);
    runs.push(timings);
  }
  const [ours, rivalMs] = [median(runs.map((run) => run.totalMs)), median(runs.map((run) => run.criticalMs))];
  return { ours, rivalMs, ratio: ours / rivalMs, rounds };
}

async function measureBringUp(bench: Bench, rounds: number, say: (text: string) => void): Promise<Comparison> {
  const rival = await renderOnce(bench);
  return compare(
    { run: () => install(bench), after: () => purge(bench) },
    { run: () => bringUpByHand(rival), after: () => takeDownByHand(rival) },
    { rounds, onRound: say },
  );
}

async function measureNothingToDo(bench: Bench, say: (text: string) => void): Promise<Comparison> {
  await install(bench);
  const compose = composeIn(join(bench.stateDir, "live"));
  try {
    return await compare(
      { run: () => bench.slipway("install") },
      { run: () => compose("up", "-d") },
      { rounds: 15, warmUps: 2, onRound: say },
    );
  } finally {
    await purge(bench);
  }
}

/** Installs once and keeps the Compose file with its completed files: the rival pays nothing for secrets. */
async function renderOnce(bench: Bench): Promise<RenderedPlatform> {
  await install(bench);
  const folder = join(bench.folder, "by-hand");
  // `cp -a` keeps the owners of the files, without which no service could read them.
  await mustRun("cp", ["-a", "--no-target-directory", join(bench.stateDir, "live"), folder]);
  const { applied, plan } = await openInstall(bench, createFileSystem());
  if (plan === undefined) throw new Error(`nothing was installed in ${bench.stateDir}`);
  await purge(bench);
  return {
    folder,
    services: servicesOf(applied).map((unit) => unit.id),
    volumes: storesOf(plan).map(({ component, volume, uid }) => ({
      name: engineVolumeName(plan, component, volume),
      uid,
    })),
  };
}
