import { appendFile, rm } from "node:fs/promises";
import { readIfThere, writeWhole } from "./folder-files.ts";
import type { Restic, StoredSnapshot } from "./restic.ts";
import type { BackupFolder } from "./work-folder.ts";

export interface StoredIn {
  readonly folder: Pick<BackupFolder, "stored">;
  /** Whoever takes another place for backups begins with none. */
  readonly restic: Pick<Restic, "id">;
}

/** Notes a backup that was stored from here, so that somebody notices when it is gone. */
export async function noteStored(place: StoredIn, id: string): Promise<void> {
  await appendFile(place.folder.stored, lineOf(await place.restic.id(), id), { mode: 0o600 });
}

/** Forgets backups with those that are removed; ended in the middle, nothing is known any more, and nothing missed. */
export async function whileRemoving<Result extends { readonly kept: readonly string[] }>(
  place: StoredIn,
  remove: () => Promise<Result>,
): Promise<Result> {
  const { stored } = place.folder;
  const mark = await place.restic.id();
  const before = await readIds(stored, mark);
  await rm(stored, { force: true });
  const result = await remove();
  const kept = before.filter((id) => result.kept.includes(id));
  await writeWhole(stored, kept.map((id) => lineOf(mark, id)).join(""));
  return result;
}

/** Ids of backups that were stored from here and that the repository does not have. */
export async function missingBackups(
  place: StoredIn,
  there: readonly Pick<StoredSnapshot, "id">[],
): Promise<readonly string[]> {
  const ids = new Set(there.map(({ id }) => id));
  return (await readIds(place.folder.stored, await place.restic.id())).filter((id) => !ids.has(id));
}

function lineOf(mark: string, id: string): string {
  return `${mark} ${id}\n`;
}

async function readIds(path: string, mark: string): Promise<readonly string[]> {
  const lines = ((await readIfThere(path)) ?? "").split("\n").map((line) => line.split(" "));
  return lines.flatMap(([of, id]) => (of === mark && id !== undefined ? [id] : []));
}
