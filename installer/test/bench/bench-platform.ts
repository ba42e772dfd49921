import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCasdoorStandIn } from "../stand-ins/casdoor/image.ts";
import { ensureHubStandIn } from "../stand-ins/hub/image.ts";
import { mustRun, type RunningChild, startChild } from "../support/child.ts";
import { removeLeftovers } from "../support/engine-leftovers.ts";
import { findFreePorts, type PlatformPorts, portArguments } from "../support/free-ports.ts";

/** A platform under test: a shipped program with the arguments that name it. */
export interface Bench {
  readonly name: string;
  readonly folder: string;
  readonly stateDir: string;
  readonly ports: PlatformPorts;
  start(...args: readonly string[]): RunningChild;
  slipway(...args: readonly string[]): Promise<string>;
}

/** Installs the platform; wires are proved elsewhere. */
export function install(bench: Bench, ...more: readonly string[]): Promise<string> {
  return bench.slipway("install", "--no-verify", ...more);
}

/** Not by `uninstall`: what comes before the next round is no part of the measurement. */
export async function purge(bench: Bench): Promise<void> {
  await removeLeftovers(bench.name);
  await rm(bench.stateDir, { recursive: true, force: true });
}

export type BenchProfile = "infra" | "standard";

/** Runs a body with a platform of its own name and ports, and removes what is left of it. */
export async function withBench<Result>(
  program: string,
  profile: BenchProfile,
  body: (bench: Bench) => Promise<Result>,
): Promise<Result> {
  const name = `bench-${randomBytes(4).toString("hex")}`;
  const folder = await mkdtemp(join(tmpdir(), "slipway-bench-"));
  const stateDir = join(folder, name);
  const ports = await findFreePorts();
  const values = [
    ...portArguments(ports),
    ...["--set", `casdoor.image=${await ensureCasdoorStandIn()}`],
    ...(profile === "infra" ? [] : await hubArguments()),
  ];
  const command = (args: readonly string[]): readonly string[] => {
    const given = args[0] === "install" ? values : [];
    return [program, ...args, "--name", name, "--state-dir", stateDir, ...given];
  };
  const slipway = (...args: readonly string[]): Promise<string> =>
    mustRun(process.execPath, command(args), { cwd: folder });
  const start = (...args: readonly string[]): RunningChild =>
    startChild(process.execPath, command(args), { cwd: folder });
  try {
    return await body({ name, folder, stateDir, ports, start, slipway });
  } finally {
    await removeLeftovers(name);
    await rm(folder, { recursive: true, force: true });
  }
}

/** The profile with stand-ins for the vendor's images; by domain, for the hub uses its own addresses inside. */
async function hubArguments(): Promise<readonly string[]> {
  const hub = await ensureHubStandIn();
  const sets = [`server.image=${hub}`, `portal.image=${hub}`, "domain=platform.test", "bindAddress=127.0.0.1"];
  return ["--profile", "standard", ...sets.flatMap((set) => ["--set", set])];
}
