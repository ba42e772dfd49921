import { join } from "node:path";

/** What a machine's systemd may do with backups by the clock. */
export const backupJobs = ["backup", "verify", "drill"] as const;
/** All that it may do with a platform. Where two are due at once, one that stands later waits for those before it. */
export const timedJobs = [...backupJobs, "housekeeping"] as const;
export type TimedJob = (typeof timedJobs)[number];

export const unitFolder = "/etc/systemd/system";

/** Path of the units of an install for one of these, without their ending. */
export function unitOf(name: string, job: TimedJob): string {
  return join(unitFolder, `slipway-${name}-${job}`);
}
