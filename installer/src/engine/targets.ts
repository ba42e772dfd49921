import type { ActionPorts, InstallTarget, ValuesSelection } from "../actions/context.ts";
import { UsageError } from "../errors/installer-error.ts";
import { stateLayout } from "../execute/state/layout.ts";
import { refreshCopy } from "../execute/state/refresh-copy.ts";
import { readIdentity } from "../execute/state/state-store.ts";
import type { PlatformPorts } from "../platform/create-ports.ts";
import type { FileSystem } from "../platform/ports.ts";
import { targetNames } from "../targets/names.ts";
import type { Target, TargetRules } from "../targets/target.ts";

/** Everything an action needs but the target. */
export type World = PlatformPorts & Pick<ActionPorts, "assets" | "environment" | "report" | "signal">;

/** The parts of a request that tell which target it is about. */
export interface TargetRequest {
  readonly name?: string;
  readonly stateDir?: string;
  /** The target of a new install. */
  readonly mode?: string;
  /** Of a new install they may tell where on the target it is to be. */
  readonly values?: ValuesSelection;
}

/**
 * What a command needs of records that are kept where the install runs: that they are up to date, or what this machine knows of them while
 * they cannot be reached, or nothing but what it knows.
 */
export type Freshness = "current" | "best" | "known";

interface TargetEntry {
  readonly open: (world: World, request: TargetRequest) => Promise<Target>;
  readonly rules: () => Promise<TargetRules>;
  /** Records are kept where installs on it run, and not in the state directory alone. */
  readonly sharesRecords: boolean;
}

/** Every target by its name. Its code is loaded when an install is on it. */
const targets: Readonly<Record<string, TargetEntry>> = {
  compose: {
    open: async (world) => (await import("../targets/compose/compose-target.ts")).createComposeTarget(world),
    rules: async () => (await import("../targets/compose/rules.ts")).rules,
    sharesRecords: false,
  },
  helm: {
    open: async (world, request) => {
      const { name = "slipway", stateDir } = request;
      const asked = await (await import("./asked-place.ts")).askedPlace(request, world);
      return (await import("../targets/helm/open-helm-target.ts")).openHelmTarget({ name, stateDir, asked }, world);
    },
    rules: async () => (await import("../targets/helm/rules.ts")).rules,
    sharesRecords: true,
  },
};

/**
 * Adds the target of the install that a request is about: the recorded one, else the one that is asked for. Records that are kept there
 * are in the state directory when it returns.
 * @throws UsageError when an install is asked for on another target than it is on; PreflightError when its record is damaged; what
 * `refreshCopy` throws
 */
export async function withTarget(
  request: TargetRequest,
  world: World,
  freshness: Freshness = "current",
): Promise<ActionPorts> {
  const { open } = await chooseTarget(request, world.fs);
  const fs = rememberPipes(world.fs);
  const target = await open({ ...world, fs }, request);
  const ports = { ...world, fs, target, images: world.docker };
  if (target.records === undefined) return ports;
  if (request.stateDir !== undefined && freshness !== "known") {
    await refreshCopy(ports, stateLayout(request.stateDir), freshness === "best" ? "warn" : "fail");
  }
  return { ...ports, signal: AbortSignal.any([world.signal, target.records.lost]) };
}

/** Brings the records of an install up to date, where they are kept on its target and that can be reached. */
export async function refreshRecords({ stateDir }: Pick<InstallTarget, "stateDir">, ports: ActionPorts): Promise<void> {
  await refreshCopy(ports, stateLayout(stateDir), "warn");
}

/** Values that come through a pipe can be read once, and are asked where the install is to be before the command reads them. */
export function rememberPipes(fs: FileSystem): FileSystem {
  const known = new Map<string, Promise<string | undefined>>();
  return {
    ...fs,
    readTextIfPresent: (path) => {
      // What else the kernel shows there changes while a command runs.
      if (!/^\/(dev|proc\/[^/]+\/fd)\//.test(path)) return fs.readTextIfPresent(path);
      const text = known.get(path) ?? fs.readTextIfPresent(path);
      known.set(path, text);
      return text;
    },
  };
}

/** Whether the records of an install are kept where it runs: commands that only read the state directory have to ask for them first. */
export async function hasSharedRecords(
  request: TargetRequest,
  fs: Pick<FileSystem, "readTextIfPresent">,
): Promise<boolean> {
  return (await chooseTarget(request, fs)).sharesRecords;
}

/**
 * The rules of the target that a request is about, for commands that do not ask the target.
 * @throws as `withTarget`
 */
export async function rulesFor(
  request: TargetRequest,
  fs: Pick<FileSystem, "readTextIfPresent">,
): Promise<TargetRules> {
  return (await chooseTarget(request, fs)).rules();
}

async function chooseTarget(
  { stateDir, mode }: TargetRequest,
  fs: Pick<FileSystem, "readTextIfPresent">,
): Promise<TargetEntry> {
  const recorded = stateDir === undefined ? undefined : await recordedTarget(stateDir, fs);
  if (recorded !== undefined && mode !== undefined && mode !== recorded) {
    throw new UsageError(`this install is on ${recorded}, not on ${mode}`, {
      hint: `leave --mode out, or give another --name for an install on ${mode}`,
    });
  }
  const name = recorded ?? mode ?? targetNames[0] ?? "";
  const entry = targets[name];
  if (entry !== undefined) return entry;
  throw new UsageError(`there is no target ${name}`, { hint: `targets are ${targetNames.join(", ")}` });
}

/** A damaged record is reported by the code that reads its contents, with advice for that command. */
async function recordedTarget(
  stateDir: string,
  fs: Pick<FileSystem, "readTextIfPresent">,
): Promise<string | undefined> {
  const identity = await readIdentity(fs, stateLayout(stateDir)).catch(() => undefined);
  return identity?.target.kind;
}
