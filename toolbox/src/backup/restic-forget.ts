import { ToolboxError } from "../errors.ts";
import { AppendOnlyError, RepositoryCredentialError } from "./repository-errors.ts";
import { resticExit } from "./restic-errors.ts";
import type { ResticProgram } from "./restic-program.ts";
import { type SnapshotLine, snapshots } from "./restic-snapshots.ts";

/** How many days, weeks and months keep their last backup. */
export interface Retention {
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

/** Frees the room of what was forgotten. */
export async function freeRoom(restic: ResticProgram): Promise<void> {
  const doing = "freeing the room of old backups";
  const end = await restic.end(["prune"]);
  if (end.code === resticExit.done) return;
  const failure = restic.failure(doing, end);
  throw failure instanceof RepositoryCredentialError ? new AppendOnlyError(restic.shown) : failure;
}

interface ForgetGroup {
  readonly keep?: readonly SnapshotLine[] | null;
  readonly remove?: readonly SnapshotLine[] | null;
}

/** Forgets what need not be kept any more of one host. */
export async function forget(
  restic: ResticProgram,
  host: string,
  { daily, weekly, monthly }: Retention,
): Promise<{ readonly kept: readonly string[]; readonly removed: readonly string[] }> {
  const keep = Object.entries({ daily, weekly, monthly }).filter(([, many]) => many > 0);
  if (keep.length === 0) throw new ToolboxError("a retention that keeps no backup at all is refused");
  const policy = keep.flatMap(([unit, many]) => [`--keep-${unit}`, String(many)]);
  // Grouped by the host alone: the id of a run in tags or paths would make each run its own group, kept for ever.
  const output = await restic.run("forgetting old backups", [
    "forget",
    "--host",
    host,
    "--group-by",
    "host",
    ...policy,
  ]);
  const groups = (JSON.parse(output.toString("utf8") || "[]") as readonly ForgetGroup[] | null) ?? [];
  const kept = groups.flatMap((group) => group.keep ?? []).map(({ id }) => id);
  const removed = groups.flatMap((group) => group.remove ?? []).map(({ id }) => id);
  await requireGone(restic, removed);
  return { kept, removed };
}

/** Restic ends with 0 where the storage refused to delete. */
async function requireGone(restic: ResticProgram, removed: readonly string[]): Promise<void> {
  const left = new Set(removed.length === 0 ? [] : (await snapshots(restic)).map(({ id }) => id));
  const stuck = removed.find((id) => left.has(id));
  if (stuck === undefined) return;
  if (restic.isElsewhere) throw new AppendOnlyError(restic.shown);
  throw new ToolboxError(`the old backup ${stuck} could not be removed`, { advice: "look who may write there" });
}

/** So many at once that the command line does not become too long. */
const removedAtOnce = 500;

/** Forgets these. */
export async function remove(restic: ResticProgram, ids: readonly string[]): Promise<void> {
  for (let at = 0; at < ids.length; at += removedAtOnce) {
    await restic.run("forgetting old backups", ["forget", ...ids.slice(at, at + removedAtOnce)]);
  }
  await requireGone(restic, ids);
}
