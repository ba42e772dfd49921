import type { BackupState } from "../backup/remembered.ts";
import type { WalStanding } from "../backup/wal-standing.ts";
import type { Look } from "./look.ts";
import { type Metric, only, onlyMoment } from "./metric.ts";

/** What would be lost, and what was proved. */
export const backupMetrics: readonly Metric[] = [
  {
    name: "slipway_backup_enabled",
    help: "Whether the platform makes backups.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ({ records }) => only(records.backup === undefined ? 0 : 1),
  },
  {
    name: "slipway_backup_last_timestamp_seconds",
    help: "When the newest backup was made; absent before the first.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ofBackup(({ last }) => onlyMoment(last?.at)),
  },
  {
    name: "slipway_backup_last_size_bytes",
    help: "What the newest backup holds.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ofBackup(({ last }) => only(last?.bytes)),
  },
  {
    name: "slipway_backup_loss_seconds",
    help: "How much work would be lost if the platform were lost now and brought back from the newest backup.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ofBackup(({ lossSeconds }) => only(lossSeconds)),
  },
  {
    name: "slipway_backup_proof_timestamp_seconds",
    help: "When a backup was last restored to a scratch place; absent before the first time.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ofBackup(({ proof }) => onlyMoment(proof?.at)),
  },
  {
    name: "slipway_backup_proof_restore_seconds",
    help: "How long that restore took.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ofBackup(({ proof }) => only(proof?.restoreSeconds)),
  },
  {
    name: "slipway_backup_drill_timestamp_seconds",
    help: "When a whole platform was last brought up from a backup; absent before the first time.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ofBackup(({ drill }) => onlyMoment(drill?.at)),
  },
  {
    name: "slipway_backup_drill_duration_seconds",
    help: "How long that drill took, from nothing to a platform whose every connection is proved.",
    type: "gauge",
    labels: [],
    from: "records",
    measure: ofBackup(({ drill }) => only(drill === undefined ? undefined : drill.ms / 1000)),
  },
  {
    name: "slipway_backup_scheduled_timestamp_seconds",
    help: "Since when this machine does a task of backups by the clock; absent for what it does not.",
    type: "gauge",
    labels: ["task"],
    from: "records",
    measure: ({ records }) =>
      records.timers.map(({ job, sinceMs }) => ({ labels: { task: job }, value: sinceMs / 1000 })),
  },
  {
    name: "slipway_wal_late",
    help: "Whether the write-ahead log of the databases is stored too late, or not at all; absent where it is not archived.",
    type: "gauge",
    labels: [],
    from: "live",
    measure: ofWal(({ late }) => only(late ? 1 : 0)),
  },
  {
    name: "slipway_wal_through_timestamp_seconds",
    help: "The moment up to which everything that was written to the databases is stored.",
    type: "gauge",
    labels: [],
    from: "live",
    measure: ofWal(({ through }) => onlyMoment(through)),
  },
  {
    name: "slipway_wal_loss_seconds",
    help: "How much work in the databases would be lost now; absent where no moment can be brought back.",
    type: "gauge",
    labels: [],
    from: "live",
    measure: ofWal(({ lossSeconds }) => only(lossSeconds)),
  },
];

function ofBackup(measure: (backup: BackupState) => ReturnType<Metric["measure"]>): Metric["measure"] {
  return ({ records }: Look) => (records.backup === undefined ? [] : measure(records.backup));
}

function ofWal(measure: (wal: WalStanding) => ReturnType<Metric["measure"]>): Metric["measure"] {
  return ({ live }: Look) => {
    const wal = live?.status.backup?.wal;
    return wal === undefined ? [] : measure(wal);
  };
}
