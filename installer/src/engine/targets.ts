import type { ActionPorts } from "../actions/context.ts";
import { UsageError } from "../errors/installer-error.ts";
import { stateLayout } from "../execute/state/layout.ts";
import { readIdentity } from "../execute/state/state-store.ts";
import type { PlatformPorts } from "../platform/create-ports.ts";
import type { FileSystem } from "../platform/ports.ts";
import { targetNames } from "../targets/names.ts";
import type { Target, TargetRules } from "../targets/target.ts";

/** Everything an action needs but the target. */
export type World = PlatformPorts & Pick<ActionPorts, "assets" | "environment" | "report" | "signal">;

/** The parts of a request that tell which target it is about. */
export interface TargetRequest {
  readonly stateDir?: string;
  /** The target of a new install. */
  readonly mode?: string;
}

interface TargetEntry {
  readonly open: (world: World) => Promise<Target>;
  readonly rules: () => Promise<TargetRules>;
}

/** Every target by its name. Its code is loaded when an install is on it. */
const targets: Readonly<Record<string, TargetEntry>> = {
  compose: {
    open: async (world) => (await import("../targets/compose/compose-target.ts")).createComposeTarget(world),
    rules: async () => (await import("../targets/compose/rules.ts")).rules,
  },
};

/**
 * Adds the target of the install that a request is about: the recorded one, else the one that is asked for.
 * @throws UsageError when an install is asked for on another target than it is on; PreflightError when its record is damaged
 */
export async function withTarget(request: TargetRequest, world: World): Promise<ActionPorts> {
  const { open } = await chooseTarget(request, world.fs);
  return { ...world, target: await open(world), images: world.docker };
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
