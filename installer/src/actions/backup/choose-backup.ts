import type { ListedBackup } from "../../../../toolbox/src/backup/backup-events.ts";
import { PreflightError } from "../../errors/installer-error.ts";

export interface WantedBackup {
  /** An id, or its beginning; without it the newest of the platform counts. */
  readonly backup?: string | undefined;
  /** Name of the platform that it is of. */
  readonly of: string;
}

/**
 * The backup to bring back, out of all in a repository, oldest first. Where that holds those of one platform alone, its name may
 * be another than the one that is brought up.
 * @throws PreflightError when there is none, or it is not clear which platform's is meant
 */
export function chooseBackup(all: readonly ListedBackup[], { backup, of }: WantedBackup): ListedBackup {
  if (all.length === 0) {
    throw new PreflightError("there is no backup in this place", {
      hint: "name the place that backup.directory or backup.repository of the values named",
    });
  }
  if (backup !== undefined) return requireOne(all, backup);
  const names = [...new Set(all.map(({ name }) => name))].sort();
  const name = names.includes(of) ? of : names.length === 1 ? names[0] : undefined;
  const newest = all.findLast((row) => row.name === name);
  if (newest !== undefined) return newest;
  throw new PreflightError(`this place holds backups of ${names.join(", ")}, and none of ${of}`, {
    hint: `say which to take with --backup; the newest of each: ${names.map((one) => describe(all, one)).join(", ")}`,
  });
}

function requireOne(all: readonly ListedBackup[], backup: string): ListedBackup {
  const found = all.filter(({ id }) => id.startsWith(backup));
  const [one] = found;
  if (one !== undefined && found.length === 1) return one;
  const newest = all.at(-1)?.id ?? "";
  throw new PreflightError(
    found.length === 0 ? `there is no backup ${backup}` : `${found.length} backups begin with ${backup}`,
    { hint: found.length === 0 ? `the newest is ${newest}` : "give more of its id" },
  );
}

function describe(all: readonly ListedBackup[], name: string): string {
  return `${all.findLast((row) => row.name === name)?.id.slice(0, 8) ?? ""} of ${name}`;
}
