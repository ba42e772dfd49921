import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { expect } from "vitest";
import { leanDockerode } from "../../../scripts/packaging/lean-dockerode.ts";
import { uninstall } from "../../src/actions/uninstall/uninstall.ts";
import { fixturePorts, type FixtureRequest } from "./fixture-install.ts";

/** A name and an empty place for an install of the fixture; `remove` leaves nothing of it. */
export interface Place {
  readonly name: string;
  readonly stateDir: string;
  readonly remove: () => Promise<void>;
}

export function newPlace(): Place {
  const name = `slipway-test-${randomBytes(4).toString("hex")}`;
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  const stateDir = join(folder, "state");
  return {
    name,
    stateDir,
    remove: async () => {
      await uninstall({ name, stateDir, purge: true, confirmedName: name }, fixturePorts());
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Everything the engine still has under a name. */
export async function engineObjects(name: string): Promise<readonly string[]> {
  const { docker } = fixturePorts();
  const [containers, labelled, networks, volumes] = await Promise.all([
    docker.containers(name),
    docker.containersLabelled({ "dev.slipway.name": name }),
    docker.networks(name),
    docker.volumes({ "dev.slipway.name": name }),
  ]);
  return [...containers, ...labelled, ...networks, ...volumes].map((object) => object.name);
}

/** Container ids by component. */
export async function containerIds(name: string): Promise<Readonly<Record<string, string>>> {
  const containers = await fixturePorts().docker.containers(name);
  return Object.fromEntries(containers.map((container) => [container.service, container.id]));
}

/** Kills a service behind the installer's back, and returns when the engine lists it so: for a moment it still lists it as running. */
export async function killByHand(name: string, service: string): Promise<void> {
  const { docker } = fixturePorts();
  const find = async () => (await docker.containers(name)).find((container) => container.service === service);
  await docker.stop((await find())?.id ?? "", 0);
  await expect.poll(async () => (await find())?.state).toBe("exited");
}

/** Contents of every secret file. */
export function readSecretFiles(stateDir: string): Readonly<Record<string, string>> {
  const folder = join(stateDir, "secrets");
  const names = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith("."),
  );
  return Object.fromEntries(names.map((entry) => [entry.name, readFileSync(join(folder, entry.name), "utf8")]));
}

export interface ChildOutcome {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface FixtureProgram {
  readonly start: (
    request: FixtureRequest,
    env?: Readonly<Record<string, string>>,
  ) => {
    readonly child: ChildProcess;
    /** What it has written to standard error so far. */
    readonly stderr: () => string;
    readonly ended: Promise<ChildOutcome>;
  };
  readonly run: (request: FixtureRequest, env?: Readonly<Record<string, string>>) => Promise<ChildOutcome>;
  readonly remove: () => void;
}

/** The fixture's install as a program of one file, which starts three times as fast as its sources; of this checkout or of another one. */
export async function buildFixtureProgram(
  checkout = new URL("../../../", import.meta.url).pathname,
): Promise<FixtureProgram> {
  const folder = mkdtempSync(join(tmpdir(), "slipway-test-program-"));
  const file = join(folder, "run-fixture.mjs");
  await build({
    entryPoints: [join(checkout, "installer/test/support/run-fixture.ts")],
    outfile: file,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node24",
    plugins: [leanDockerode()],
    banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
    logLevel: "error",
  });
  const start: FixtureProgram["start"] = (request, env = {}) => {
    const child = spawn(process.execPath, [file, JSON.stringify(request)], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.on("data", (chunk: Buffer) => (output.stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output.stderr += chunk.toString()));
    const ended = new Promise<ChildOutcome>((resolve) => {
      child.once("close", (exitCode, signal) => resolve({ exitCode, signal, ...output }));
    });
    return { child, stderr: () => output.stderr, ended };
  };
  return {
    start,
    run: (request, env) => start(request, env).ended,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
