import { ToolboxError } from "../errors.ts";
import type { CheckResult, CheckScope, Restic, StoredSnapshot } from "./restic.ts";
import { missingBackups, type StoredIn } from "./stored-backups.ts";
import { holesIn } from "./wal/wal-holes.ts";

export interface CheckPlace extends StoredIn {
  /** Name of the platform whose backups are missed, and whose log is looked through. */
  readonly name: string;
  readonly restic: Pick<Restic, "id" | "check" | "snapshots" | "lookAtKeys">;
}

export interface CheckedRepository {
  /** What is damaged or missing of backups, a line each. */
  readonly problems: readonly string[];
  /** Holes in the write-ahead log, a line each: backups are whole, and moments between them are lost. */
  readonly gaps: readonly string[];
}

/**
 * Looks a repository through: all that restic looks at; its keys, of which restic reads one; whether every backup that was stored from here is
 * there, as nothing in the repository refers to a backup; and whether the write-ahead log leads on from each.
 * @throws ToolboxError when it cannot be opened
 */
export async function checkRepository(place: CheckPlace, scope: CheckScope): Promise<CheckedRepository> {
  const { restic, name } = place;
  const found = await restic.check(scope);
  const keys = await problemsOfKeys(restic);
  const snapshots = await listAfter(found, restic);
  const gaps = holesIn(snapshots, name);
  if (!found.whole) return { problems: [...found.damage, ...keys], gaps };
  const missing = await missingBackups(place, snapshots);
  return { problems: [...keys, ...missing.map((id) => `the backup ${id} was stored, and is missing`)], gaps };
}

/** What is too damaged to be listed has been told. */
async function listAfter(found: CheckResult, restic: Pick<Restic, "snapshots">): Promise<readonly StoredSnapshot[]> {
  try {
    return await restic.snapshots();
  } catch (error) {
    if (found.whole || !(error instanceof ToolboxError)) throw error;
    return [];
  }
}

async function problemsOfKeys(restic: Pick<Restic, "lookAtKeys">): Promise<readonly string[]> {
  const { whole, damaged } = await restic.lookAtKeys();
  return [
    ...(whole.length < 2 ? ["a key is missing: the platform has one, and a person has the recovery key"] : []),
    ...damaged.map((id) => `keys/${id}: has another content than was written, and whoever has this key may not get in`),
  ];
}
