import type { OpenedBundle } from "../../bundle/open-bundle.ts";
import { BundleError, PreflightError } from "../../errors/installer-error.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { readKnownPlan } from "../../execute/state/state-store.ts";
import { formatPlatform, parsePlatform, type Platform } from "../../oci/descriptor.ts";
import { matchesPlatform } from "../../oci/platform-choice.ts";
import { compareVersions, isOlder } from "../../language/compare-versions.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { enginePlatform } from "../images/engine-platform.ts";

/**
 * Refuses a bundle that cannot be installed here; nothing was written yet.
 * @returns the platform whose images are needed
 * @throws BundleError for another platform or version, or an update that may not be made in one step; PreflightError for an engine that is too old
 */
export async function requireFittingBundle(
  reader: Pick<OpenedBundle, "complete" | "name">,
  target: InstallTarget,
  ports: Pick<ActionPorts, "target" | "fs" | "assets">,
): Promise<Platform> {
  const { complete, name } = reader;
  const platform = await requireRunnable(reader, ports);
  const recorded = await readKnownPlan(ports.fs, stateLayout(target.stateDir));
  const running = recorded?.install.version;
  if (running !== undefined) requireUpdate(complete, running, name);
  if (ports.assets.version !== complete.version) {
    throw new BundleError(`${name} is version ${complete.version}, and this program is ${ports.assets.version}`, {
      hint: "install with the program that the bundle carries: sh install.sh beside it puts it in place",
    });
  }
  return platform;
}

/** The platform of the engine, which must not be too old, or of a cluster's nodes, whose version is for its checks. */
async function requireRunnable(
  { complete, name }: Pick<OpenedBundle, "complete" | "name">,
  { target }: Pick<ActionPorts, "target">,
): Promise<Platform> {
  if (target.images === undefined) {
    const text = (await target.facts()).platform;
    const platform = parsePlatform(text);
    if (platform === undefined) throw new PreflightError(`the target says that it is ${text}, which is no platform`);
    requirePlatform(complete.platforms, platform, name);
    return platform;
  }
  const info = await target.images.info();
  const platform = enginePlatform(info);
  requirePlatform(complete.platforms, platform, name);
  if (isOlder(info.version, complete.requires.engine)) {
    throw new PreflightError(
      `the engine is ${info.version}, too old: ${name} needs ${complete.requires.engine} or later`,
      {
        hint: "update the engine of this host; nothing was changed",
      },
    );
  }
  return platform;
}

function requirePlatform(platforms: readonly string[], wanted: Platform, name: string): void {
  const parsed = platforms.map(parsePlatform);
  if (parsed.some((platform) => platform !== undefined && matchesPlatform(platform, wanted))) return;
  throw new BundleError(`${name} is for ${platforms.join(", ")}, and this target is ${formatPlatform(wanted)}`, {
    hint: "take the bundle that was made for this platform; nothing was changed",
  });
}

function requireUpdate(complete: OpenedBundle["complete"], running: string, name: string): void {
  const { version, requires } = complete;
  if (compareVersions(version, running) < 0) {
    throw new BundleError(`${name} is version ${version}, older than the ${running} that is installed`, {
      hint: "take a bundle of the same or a newer version; going back is not possible, nothing was changed",
    });
  }
  const { previous } = requires;
  if (running === version || previous.length === 0 || previous.includes(running)) return;
  throw new BundleError(`${name} updates ${previous.join(", ")} to ${version}, and ${running} is installed`, {
    hint: `update to ${previous.find((stop) => compareVersions(stop, running) > 0) ?? previous.at(-1) ?? version} first; nothing was changed`,
  });
}
