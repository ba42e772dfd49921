import type { CheckScope, Restic } from "./restic.ts";
import { missingBackups, type StoredIn } from "./stored-backups.ts";

export interface CheckedRepository extends StoredIn {
  readonly restic: Pick<Restic, "id" | "check" | "snapshots" | "lookAtKeys">;
}

/**
 * Looks a repository through: all that restic looks at; its keys, of which restic reads one; and whether every backup
 * that was stored from here is there, as nothing in the repository refers to a backup.
 * @returns what is wrong, a line each
 * @throws ToolboxError when it cannot be opened
 */
export async function checkRepository(place: CheckedRepository, scope: CheckScope): Promise<readonly string[]> {
  const { restic } = place;
  const found = await restic.check(scope);
  const keys = await problemsOfKeys(restic);
  if (!found.whole) return [...found.damage, ...keys];
  const missing = await missingBackups(place, await restic.snapshots());
  return [...keys, ...missing.map((id) => `the backup ${id} was stored, and is missing`)];
}

async function problemsOfKeys(restic: Pick<Restic, "lookAtKeys">): Promise<readonly string[]> {
  const { whole, damaged } = await restic.lookAtKeys();
  return [
    ...(whole.length < 2 ? ["a key is missing: the platform has one, and a person has the recovery key"] : []),
    ...damaged.map((id) => `keys/${id}: has another content than was written, and whoever has this key may not get in`),
  ];
}
