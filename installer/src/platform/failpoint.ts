import { appendFileSync } from "node:fs";
import type { Failpoint } from "./ports.ts";

/**
 * Points of a run at which tests end the program as a power cut would.
 * SLIPWAY_FAILPOINT names the point to die at; SLIPWAY_FAILPOINT_LOG names a file that collects every point passed.
 */
export function createFailpoint(env: Readonly<Record<string, string | undefined>>): Failpoint {
  const dieAt = env["SLIPWAY_FAILPOINT"];
  const logFile = env["SLIPWAY_FAILPOINT_LOG"];
  if (dieAt === undefined && logFile === undefined) return () => undefined;
  return (name) => {
    if (logFile !== undefined) appendFileSync(logFile, `${name}\n`);
    if (dieAt === name) process.kill(process.pid, "SIGKILL");
  };
}
