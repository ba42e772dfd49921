import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import type { Failpoint } from "./ports.ts";

/** Defined in the shipped program: no environment variable may end or hold its runs. */
declare const slipwayIsShipped: true | undefined;

const holding = "hold:";
const holdPollMs = 10;

/**
 * Points of a run at which tests end the program as a power cut would, or hold it as long as they like.
 * SLIPWAY_FAILPOINT names the point to die at, or with `hold:` before it the point to wait at until the file named by
 * SLIPWAY_FAILPOINT_GO is there. SLIPWAY_FAILPOINT_LOG names a file that collects every point reached.
 */
export function createFailpoint(env: Readonly<Record<string, string | undefined>>): Failpoint {
  if (typeof slipwayIsShipped !== "undefined") return () => undefined;
  const wanted = env["SLIPWAY_FAILPOINT"];
  const logFile = env["SLIPWAY_FAILPOINT_LOG"];
  if (wanted === undefined && logFile === undefined) return () => undefined;
  const holdAt = wanted?.startsWith(holding) === true ? wanted.slice(holding.length) : undefined;
  return async (name) => {
    if (logFile !== undefined) appendFileSync(logFile, `${name}\n`);
    if (wanted === name) process.kill(process.pid, "SIGKILL");
    if (holdAt === name) await waitForFile(env["SLIPWAY_FAILPOINT_GO"] ?? "");
  };
}

async function waitForFile(path: string): Promise<void> {
  while (!existsSync(path)) await delay(holdPollMs);
}
