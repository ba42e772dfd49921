import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { openAssets } from "../../src/cli/assets.ts";
import { mustRun, startChild } from "./child.ts";
import type { ChildResult, RunningChild } from "./child.ts";
import { findLeftovers, removeLeftovers } from "./engine-leftovers.ts";
import type { Leftovers } from "./engine-leftovers.ts";
import { findFreePorts, portArguments } from "./free-ports.ts";
import { schemaProblems } from "./json-schemas.ts";
import type { PlatformPorts } from "./free-ports.ts";

const program = fileURLToPath(new URL("../../src/cli/main.ts", import.meta.url));

/** Names of this test run's installs begin with it; other runs on the same engine have another. */
export const runPrefix = `e2e-${process.ppid.toString(36)}-`;

export interface PlatformOptions {
  /** Arguments about the values, given to every command that takes them, for example `--without casdoor`. */
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
}

/** An install under test: the real command line in its own state directory, on ports of its own. */
export interface Platform {
  readonly name: string;
  /** Temporary directory of this platform; also the working directory of its commands. */
  readonly folder: string;
  readonly stateDir: string;
  readonly ports: PlatformPorts;
  /** What every command of it has written so far. */
  readonly output: readonly string[];
  /** Starts a command; `install`, `plan`, `validate`, `render` and `doctor` get the platform's values. */
  start(args: readonly string[], options?: RunOptions): RunningChild;
  run(args: readonly string[], options?: RunOptions): Promise<ChildResult>;
  /** Runs a command that has to end with the given status and gives what it printed with `--json`. */
  json<T>(args: readonly string[], exitCode?: number): Promise<T>;
  /** `docker` on the platform's engine. */
  docker(...args: readonly string[]): Promise<string>;
  leftovers(): Promise<Leftovers>;
  /** Ends its programs and removes everything of it, whatever state it is in. */
  dispose(): Promise<void>;
}

const valuesCommands = new Set(["install", "plan", "validate", "render", "doctor"]);

/** Prepares an install; nothing is on the engine yet. */
export async function openPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const name = `${runPrefix}${randomBytes(3).toString("hex")}`;
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  const stateDir = join(folder, "state");
  const ports = await findFreePorts();
  const values = [...portArguments(ports), ...(options.arguments ?? [])];
  const environment = { ...process.env, ...options.environment, NO_COLOR: "1", CI: "1" };
  const engine = { env: { ...process.env, ...options.environment } };
  const running = new Set<RunningChild>();
  const output: string[] = [];

  function start(args: readonly string[], run: RunOptions = {}): RunningChild {
    const given = valuesCommands.has(args[0] ?? "") ? values : [];
    const identity = ["--name", name, "--state-dir", stateDir];
    const child = startChild(process.execPath, [program, ...identity, ...given, ...args], {
      cwd: folder,
      env: { ...environment, ...run.environment },
    });
    running.add(child);
    const forget = (result?: ChildResult): void => {
      running.delete(child);
      if (result !== undefined) output.push(`$ slipway ${args.join(" ")}\n`, result.stdout, result.stderr);
    };
    child.ended.then(forget, () => forget());
    return child;
  }

  const run = (args: readonly string[], more?: RunOptions): Promise<ChildResult> => start(args, more).ended;
  return {
    name,
    folder,
    stateDir,
    ports,
    output,
    start,
    run,
    json: async <T>(args: readonly string[], exitCode = 0) => {
      const result = await run([...args, "--json"]);
      if (result.exitCode !== exitCode) {
        throw new Error(`slipway ${args.join(" ")} ended with ${String(result.exitCode)}:\n${result.stderr}`);
      }
      const printed = JSON.parse(result.stdout) as T;
      const problems = schemaProblems(printed);
      if (problems.length > 0) throw new Error(`slipway ${args.join(" ")} prints another JSON: ${problems.join("; ")}`);
      return printed;
    },
    docker: (...args) => mustRun("docker", args, engine),
    leftovers: () => findLeftovers(name, engine),
    dispose: async () => {
      for (const child of running) child.process.kill("SIGKILL");
      await Promise.allSettled([...running].map((child) => child.ended));
      await removeLeftovers(name, engine);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** References of every image that infra runs and that is ours. */
export function infraImages(): readonly string[] {
  const { images } = JSON.parse(openAssets().readText("images/images.generated.json")) as {
    readonly images: Readonly<Record<string, { readonly kind: string; readonly reference: string }>>;
  };
  return Object.values(images).flatMap(({ kind, reference }) => (kind === "built" ? [reference] : []));
}

/** Runs a test with a platform of its own and removes it afterwards, however the test ends. */
export async function withPlatform<T>(options: PlatformOptions, body: (platform: Platform) => Promise<T>): Promise<T> {
  const platform = await openPlatform(options);
  try {
    return await body(platform);
  } finally {
    await platform.dispose();
  }
}

/** Writes a file into the platform's own directory and gives its path. */
export async function writeInto(platform: Platform, name: string, contents: string, mode = 0o600): Promise<string> {
  const path = join(platform.folder, name);
  await writeFile(path, contents, { mode });
  return path;
}

/**
 * Runs `install` and fails with all it said when it does not succeed.
 * @throws {Error} with what it wrote
 */
export async function mustInstall(platform: Platform, ...args: readonly string[]): Promise<ChildResult> {
  const result = await platform.run(["install", ...args]);
  if (result.exitCode === 0) return result;
  throw new Error(
    `install ended with ${String(result.exitCode ?? result.signal)}:\n${result.stderr}\n${result.stdout}`,
  );
}
