import { openInstall } from "../../execute/state/install.ts";
import type { ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { requireTimeOfDay, schedule, type SchedulePorts, type ScheduleRequest } from "../timers/schedule.ts";
import type { TimedWork, UnitFile } from "../timers/unit-files.ts";
import { requireBackups } from "./backup-job.ts";
import { requireDrillable } from "./drill.ts";

export interface BackupScheduleRequest extends ScheduleRequest {
  /** Bring the whole platform up from a backup each month. */
  readonly drill: boolean;
  /** Leave backups there that need not be kept: another credential removes them. */
  readonly keepAll: boolean;
}

export interface BackupScheduleResult extends ResultHead<"BackupScheduleResult"> {
  readonly name: string;
  readonly dryRun: boolean;
  /** Files of units that were written or removed, or would be. */
  readonly files: readonly UnitFile[];
}

/**
 * Has the machine's systemd make a backup every night, read all of them every week and, if asked, drill every month.
 * @throws UsageError for a time that is none, or a user who may not; PreflightError when nothing is installed or without backups, or
 * where the machine has no systemd: the hint says what to do instead
 */
export async function scheduleBackups(
  request: BackupScheduleRequest,
  ports: SchedulePorts,
): Promise<BackupScheduleResult> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  requireBackups(plan);
  const { name, dryRun, remove } = request;
  if (request.drill && !remove) requireDrillable(plan, ports);
  const wanted = { works: worksOf(request), purpose: "make the backups", cron: "* * * root slipway backup create" };
  const files = await schedule(request, wanted, ports);
  return { apiVersion: "slipway/v1", kind: "BackupScheduleResult", name, dryRun, files };
}

function worksOf({ at, drill, keepAll, remove }: BackupScheduleRequest): readonly TimedWork[] {
  requireTimeOfDay(at);
  const nightly = [["backup", "create"], ...(keepAll ? [] : [["backup", "prune"]])];
  const works: readonly TimedWork[] = [
    { of: "backup", title: "Backup", when: `*-*-* ${at}:00`, runs: nightly },
    {
      ...{ of: "verify", title: "Check of the backups", when: `Sun *-*-* ${at}:00` },
      runs: [["backup", "verify", "--data"]],
    },
    { of: "drill", title: "Drill with a backup", when: `*-*-01 ${at}:00`, runs: [["backup", "drill"]] },
  ];
  // A drill that was asked for once is removed with the others.
  return works.filter(({ of }) => of !== "drill" || drill || remove);
}
