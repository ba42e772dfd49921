import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { CheckScope, Restic } from "./restic.ts";
import { missingBackups, type StoredIn } from "./stored-backups.ts";

export interface CheckedRepository extends StoredIn {
  readonly restic: Restic;
}

/**
 * Looks a repository through: all that restic looks at; its keys, of which restic reads one; and whether every backup
 * that was stored from here is there, as nothing in the repository refers to a backup.
 * @returns what is wrong, a line each
 * @throws ToolboxError when it cannot be opened
 */
export async function checkRepository(
  { restic, repository, folder }: CheckedRepository,
  scope: CheckScope,
): Promise<readonly string[]> {
  const found = await restic.check(scope);
  const keys = await damagedKeys(repository.path);
  if (!found.whole) return [...found.damage, ...keys];
  const missing = await missingBackups({ folder, repository }, await restic.snapshots());
  return [...keys, ...missing.map((id) => `the backup ${id} was stored, and is missing`)];
}

/** How many keys open a repository. */
export async function countKeys(repository: string): Promise<number> {
  return (await keyNames(repository)).length;
}

async function keyNames(repository: string): Promise<readonly string[]> {
  return readdir(join(repository, "keys"));
}

/** A key's file is called by the hash of its content, as all files of a repository are. */
async function damagedKeys(repository: string): Promise<readonly string[]> {
  const names = await keyNames(repository);
  const problems =
    names.length < 2 ? ["a key is missing: the platform has one, and a person has the recovery key"] : [];
  for (const name of names) {
    const sum = createHash("sha256")
      .update(await readFile(join(repository, "keys", name)))
      .digest("hex");
    if (sum !== name)
      problems.push(`keys/${name}: has another content than was written, and whoever has this key may not get in`);
  }
  return problems;
}
