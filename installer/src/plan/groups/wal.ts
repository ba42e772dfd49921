import type { PlanContext } from "../define.ts";
import type { Plan } from "../model.ts";

/** The service that archives the write-ahead log of PostgreSQL. */
export const walServiceId = "wal-archive";

/** Where it keeps what is not stored yet. */
export const walSpool = { volume: "spool", path: "/spool" } as const;

/** What it tells, for whoever looks. */
export const walStateFile = `${walSpool.path}/state.json`;

/** Whether moments between backups can be brought back. */
export function isWalArchived({ values: { backup, postgres } }: PlanContext): boolean {
  return backup.mode === "embedded" && backup.wal && postgres.mode === "embedded";
}

/** Whether a platform archives the log of its databases. */
export function archivesWal({ components }: Plan): boolean {
  return components.some(({ id }) => id === walServiceId);
}
