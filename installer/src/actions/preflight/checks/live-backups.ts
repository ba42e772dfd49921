import { commandOf, endedBadly, readRuns } from "../../../execute/history/run-history.ts";
import { stateLayout } from "../../../execute/state/layout.ts";
import { type BackupState, backupDeadlines } from "../../backup/remembered.ts";
import { unitOf } from "../../timers/timer-files.ts";
import type { CheckFinding } from "../../../targets/check.ts";
import { dayMs, type LiveCheck, type LiveCheckContext, seen } from "./live-check.ts";

/** For so long nobody misses what was only just installed. */
const graceDays = 7;

/** How backups stand; undefined where none are made, or nothing was seen. */
function backupsOf(context: LiveCheckContext): BackupState | undefined {
  return seen(context)?.backup;
}

function daysSince({ clock }: LiveCheckContext, at: string | undefined): number {
  const ms = clock.now().getTime() - Date.parse(at ?? "");
  // Of what is not known nothing is said.
  return Number.isNaN(ms) ? 0 : ms / dayMs;
}

function dayOf(at: string): string {
  return at.slice(0, 10);
}

const age: LiveCheck = {
  id: "live.backup-age",
  title: "there is a backup, and it is not older than a day",
  why: "all work since the newest backup is lost with the machine or the cluster",
  severity: "warning",
  run: (context) => {
    const status = seen(context);
    if (status === undefined || status.overall === "absent") return [];
    const installed = daysSince(context, status.installedAt);
    const { backup } = status;
    if (backup === undefined) {
      const keeps = context.plan.components.some(({ volumes }) =>
        volumes.some(({ dataClass }) => dataClass === "backup"),
      );
      if (!keeps || installed < graceDays) return [];
      return [
        {
          message: "no backups are made of this platform",
          remedy: "set backup.mode and backup.directory or backup.repository, slipway install, slipway backup schedule",
        },
      ];
    }
    const remedy = "slipway backup create makes one now, slipway backup schedule one every night";
    if (backup.last === undefined)
      return installed * dayMs < backupDeadlines.lateSeconds * 1000
        ? []
        : [{ message: "no backup was made yet", remedy }];
    return backup.late ? [{ message: `the newest backup is of ${backup.last.at.slice(0, 16)}`, remedy }] : [];
  },
};

const proof: LiveCheck = {
  id: "live.backup-proof",
  title: "a backup was restored to a scratch place within 8 days",
  why: "one that was never restored may turn out to be none on the day that it is needed",
  severity: "warning",
  run: (context) => {
    const { last, proof: proved } = backupsOf(context) ?? {};
    if (last === undefined) return [];
    const remedy = "slipway backup verify --prove latest restores the newest one and looks into it";
    if (proved === undefined)
      return daysSince(context, last.at) < 0.25 ? [] : [{ message: "no backup was ever restored", remedy }];
    if (daysSince(context, proved.at) <= backupDeadlines.proofDays) return [];
    return [{ message: `a backup was last restored on ${dayOf(proved.at)}`, remedy }];
  },
};

const drills: LiveCheck = {
  id: "live.backup-drill",
  title: "where drills are made, the last one is not older than 35 days",
  why: "that every part is in the backup does not yet say that a whole platform comes up from it",
  severity: "warning",
  run: async (context) => {
    const backup = backupsOf(context);
    if (backup === undefined) return [];
    const timer = await context.fs.stat(`${unitOf(context.name, "drill")}.timer`).catch(() => undefined);
    const since = timer?.modifiedMs === undefined ? undefined : new Date(timer.modifiedMs).toISOString();
    const last = backup.drill?.at ?? since;
    if (daysSince(context, last) <= backupDeadlines.drillDays) return [];
    const message =
      backup.drill === undefined ? "no drill was made yet" : `the last drill was on ${dayOf(backup.drill.at)}`;
    return [{ message, remedy: "slipway backup drill brings a second platform up, proves it and removes it" }];
  },
};

const log: LiveCheck = {
  id: "live.backup-log",
  title: "the write-ahead log of the databases is stored",
  why: "while it stands still no moment after the newest backup can be brought back, and the log fills the disk",
  severity: "warning",
  run: (context) => {
    const wal = backupsOf(context)?.wal;
    if (wal?.late !== true) return [];
    const through = wal.through === undefined ? "nothing of it is stored" : `it is stored up to ${wal.through}`;
    return [
      {
        message: `the archive of the write-ahead log stands still: ${wal.problem ?? through}`,
        remedy: "slipway status says more, slipway logs of the service that stores it what failed",
      },
    ];
  },
};

const runs: LiveCheck = {
  id: "live.backup-runs",
  title: "the last work on backups of each kind ended well",
  why: "a nightly job that fails tells nobody, and the last good backup grows old",
  severity: "warning",
  run: async (context) => {
    if (backupsOf(context) === undefined) return [];
    const history = await readRuns(context.fs, stateLayout(context.stateDir).history);
    const ended = history.filter(({ command, result }) => command.startsWith("backup ") && result !== undefined);
    const last = new Map(ended.map((run) => [commandOf(run), run]));
    return [...last].flatMap(([command, run]) =>
      endedBadly(run)
        ? [
            {
              message: `slipway ${command} of ${run.at.slice(0, 16)} ${run.error === undefined ? "was cut off" : `failed: ${run.error.message}`}`,
              remedy: `run slipway ${command} again once that is put right; slipway history tells of the runs before`,
            },
          ]
        : [],
    );
  },
};

const directory: LiveCheck = {
  id: "live.backup-directory",
  title: "the directory of the backups holds them",
  why: "with its disk not mounted the next backup goes to the disk below, and the others cannot be read",
  severity: "warning",
  run: async (context) => {
    const last = backupsOf(context)?.last;
    if (last === undefined || context.isElsewhere === true) return [];
    const places = context.plan.components.flatMap(({ volumes }) =>
      volumes.flatMap((volume) => volume.directory ?? []),
    );
    const found = await Promise.all(
      places.map(async (path): Promise<readonly CheckFinding[]> => {
        // What this user may not look into says nothing.
        const names = (await context.fs.exists(path)) ? await context.fs.list(path).catch(() => ["?"]) : [];
        if (names.some((name) => name !== "lost+found")) return [];
        return [
          {
            message: `${path} is empty, and a backup was made there on ${dayOf(last.at)}`,
            remedy:
              "mount its disk again before the next backup is made; findmnt and /etc/fstab tell what belongs there",
          },
        ];
      }),
    );
    return found.flat();
  },
};

/** What would be lost, and whether it would come back. */
export const liveBackupChecks: readonly LiveCheck[] = [age, proof, drills, log, runs, directory];
