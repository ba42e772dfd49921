/** Ways to end a command, or what works for it, in the middle. */
import { setTimeout as delay } from "node:timers/promises";
import type { ChildResult, RunningChild } from "../support/child.ts";
import type { Platform } from "../support/platform.ts";
import { jobsOf } from "./oracles.ts";

/** Kills a command after so many milliseconds, unless it has ended. */
export async function killAfter(child: RunningChild, ms: number): Promise<ChildResult> {
  await Promise.race([delay(ms), child.ended]);
  child.process.kill("SIGKILL");
  return child.ended;
}

/** Kills the newest job of a platform as soon as there is one after so many milliseconds; false when the command ended before. */
export async function killJobAfter(platform: Platform, child: RunningChild, ms: number): Promise<boolean> {
  return killOneAfter(platform, child, ms, async () => (await jobsOf(platform))[0]);
}

/** Kills a service's process as a fault of its own would end it, after so many milliseconds; false when the command ended before. */
export async function killServiceAfter(
  { platform, service }: { readonly platform: Platform; readonly service: string },
  child: RunningChild,
  ms: number,
): Promise<boolean> {
  return killOneAfter(platform, child, ms, () => Promise.resolve(`${platform.name}-${service}-1`));
}

async function killOneAfter(
  platform: Platform,
  child: RunningChild,
  ms: number,
  find: () => Promise<string | undefined>,
): Promise<boolean> {
  let over = false;
  void child.ended.then(() => (over = true));
  await Promise.race([delay(ms), child.ended]);
  while (!over) {
    const container = await find();
    if (container !== undefined && (await killProcessOf(platform, container))) return true;
    await delay(100);
  }
  return false;
}

/** Not by the engine, which would not start again what it was asked to kill. */
async function killProcessOf(platform: Platform, container: string): Promise<boolean> {
  const pid = await platform.docker("inspect", "--format", "{{.State.Pid}}", container).catch(() => "0");
  if (Number(pid) <= 1) return false;
  process.kill(Number(pid), "SIGKILL");
  return true;
}
