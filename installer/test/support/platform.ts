import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openAssets } from "../../src/cli/assets.ts";
import { mustRun } from "./child.ts";
import type { ChildResult } from "./child.ts";
import { createCommandLine } from "./command-line.ts";
import type { CommandLine } from "./command-line.ts";
import { findLeftovers, removeLeftovers } from "./engine-leftovers.ts";
import type { Leftovers } from "./engine-leftovers.ts";
import { findFreePorts, portArguments } from "./free-ports.ts";
import type { PlatformPorts } from "./free-ports.ts";

/** Names of this test run's installs begin with it; other runs on the same engine have another. */
export const runPrefix = `e2e-${process.ppid.toString(36)}-`;

export interface PlatformOptions {
  /** Arguments about the values, given to every command that takes them, for example `--without casdoor`. */
  readonly arguments?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** An install under test on the engine, on ports of its own. */
export interface Platform extends CommandLine {
  readonly ports: PlatformPorts;
  /** `docker` on the platform's engine. */
  docker(...args: readonly string[]): Promise<string>;
  leftovers(): Promise<Leftovers>;
  /** Ends its programs and removes everything of it, whatever state it is in. */
  dispose(): Promise<void>;
}

/** Prepares an install; nothing is on the engine yet. */
export async function openPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const name = newName();
  const folder = await mkdtemp(join(tmpdir(), `${name}-`));
  const ports = await findFreePorts();
  const engine = { env: { ...process.env, ...options.environment } };
  const commands = createCommandLine({
    name,
    folder,
    stateDir: join(folder, "state"),
    values: [...portArguments(ports), ...(options.arguments ?? [])],
    environment: engine.env,
  });
  return {
    ...commands,
    ports,
    docker: (...args) => mustRun("docker", args, engine),
    leftovers: () => findLeftovers(name, engine),
    dispose: async () => {
      await commands.kill();
      await removeLeftovers(name, engine);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A name that no other install has. */
export function newName(): string {
  return `${runPrefix}${randomBytes(3).toString("hex")}`;
}

/** The components of infra that run where Casdoor is left out. */
export const infraServices: readonly string[] = [
  "gateway",
  "gitaly",
  "gitlab-shell",
  "landing-page",
  "minio",
  "nats",
  "postgres",
  "redis",
  "registry",
  "temporal",
];

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
export async function writeInto(
  platform: Pick<CommandLine, "folder">,
  name: string,
  contents: string,
  mode = 0o600,
): Promise<string> {
  const path = join(platform.folder, name);
  await writeFile(path, contents, { mode });
  return path;
}

/**
 * Runs `install` and fails with all it said when it does not succeed.
 * @throws {Error} with what it wrote
 */
export async function mustInstall(
  platform: Pick<CommandLine, "run">,
  ...args: readonly string[]
): Promise<ChildResult> {
  const result = await platform.run(["install", ...args]);
  if (result.exitCode === 0) return result;
  throw new Error(
    `install ended with ${String(result.exitCode ?? result.signal)}:\n${result.stderr}\n${result.stdout}`,
  );
}
