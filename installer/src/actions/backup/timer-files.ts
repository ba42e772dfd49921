import { join } from "node:path";

/** What a machine's systemd may do with backups by the clock. */
export const timedJobs = ["backup", "verify", "drill"] as const;
export type TimedJob = (typeof timedJobs)[number];

export const unitFolder = "/etc/systemd/system";

/** Path of the units of an install for one of these, without their ending. */
export function unitOf(name: string, job: TimedJob): string {
  return join(unitFolder, `slipway-${name}-${job}`);
}
