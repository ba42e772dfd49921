import { link, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { type ChildResult, mustRun, runChild } from "../support/child.ts";
import { type EgressWatch, egressWatchObstacle, watchEgress, watchPreparation } from "../support/egress-watch.ts";
import { type PrivateEngine, privateEngineObstacle, startPrivateEngine } from "../support/private-engine.ts";

/** Why this machine cannot have one, or undefined when it can. */
export async function hostObstacle(): Promise<string | undefined> {
  const inside = await runChild("sh", ["-c", "command -v nsenter"]);
  return (
    (await privateEngineObstacle()) ??
    (inside.exitCode === 0 ? undefined : "running inside needs nsenter") ??
    (await egressWatchObstacle())
  );
}

/** A machine without network: an engine, and a folder with the bundle and the key of who made it. */
export interface Host {
  readonly engine: PrivateEngine;
  readonly folder: string;
  /** What its containers try to reach. */
  readonly watch: EgressWatch;
  /** Runs a program there. */
  run(command: string, ...args: readonly string[]): Promise<ChildResult>;
  must(command: string, ...args: readonly string[]): Promise<string>;
  /** Runs slipway, as install.sh of the bundle put it in place. */
  slipway<T>(exitCode: number, ...args: readonly string[]): Promise<T>;
  docker(...args: readonly string[]): Promise<string>;
  dispose(): Promise<void>;
}

/**
 * Opens one: what was carried there is in its folder, and what its containers try to reach is watched from the beginning.
 * @param files on this machine
 * @param prepare shell lines that run there before the engine starts
 */
export async function openHost(files: readonly string[], prepare = ""): Promise<Host> {
  const engine = await startPrivateEngine([], `${watchPreparation}\n${prepare}`);
  try {
    return await furnish(engine, files);
  } catch (error) {
    await engine.dispose();
    throw error;
  }
}

async function furnish(engine: PrivateEngine, files: readonly string[]): Promise<Host> {
  const watch = await watchEgress(engine);
  const carried = join(engine.folder, "carried");
  await mkdir(carried);
  for (const file of files) {
    await link(file, join(carried, basename(file))).catch(() => mustRun("cp", [file, carried]));
  }
  const [enter = "", ...enterArguments] = engine.inside;
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: join(engine.folder, "home"),
    TMPDIR: engine.folder,
    NO_COLOR: "1",
    CI: "1",
    ...engine.environment,
  };
  const run = (command: string, ...args: readonly string[]): Promise<ChildResult> =>
    runChild(enter, [...enterArguments.slice(0, -1), `--wd=${carried}`, "--", command, ...args], { env: environment });
  const must = async (command: string, ...args: readonly string[]): Promise<string> => {
    const result = await run(command, ...args);
    if (result.exitCode === 0) return result.stdout;
    throw new Error(
      `${command} ${args.join(" ")} ended with ${String(result.exitCode)}:\n${result.stderr}\n${result.stdout}`,
    );
  };
  const state = ["--name", "offline", "--state-dir", join(engine.folder, "state")];
  return {
    engine,
    folder: carried,
    watch,
    run,
    must,
    slipway: async <T>(exitCode: number, ...args: readonly string[]) => {
      const result = await run(join(engine.folder, "bin/slipway"), ...state, ...args, "--json");
      if (result.exitCode !== exitCode) {
        throw new Error(`slipway ${args.join(" ")} ended with ${String(result.exitCode)}:\n${result.stderr}`);
      }
      return JSON.parse(result.stdout) as T;
    },
    docker: (...args) => must("docker", ...args),
    dispose: () => engine.dispose(),
  };
}
