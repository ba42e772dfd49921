import type { ListedBackup } from "../../../../toolbox/src/backup/backup-events.ts";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { chooseBackup, type WantedBackup } from "./choose-backup.ts";

/** What brings a moment back. */
export interface ChosenBackups {
  /** The backup whose databases are brought to the moment. */
  readonly rows: ListedBackup;
  /** The one whose repositories, objects and streams come with them. */
  readonly files: ListedBackup;
}

/**
 * A moment as a person wrote it, in UTC.
 * @throws UsageError for what is no moment, without a zone, or in the future
 */
export function parseMoment(text: string, now: Date): string {
  const form = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/;
  const at = Date.parse(text);
  if (!form.test(text) || Number.isNaN(at)) {
    throw new UsageError(`${JSON.stringify(text)} is no moment with a time zone`, {
      hint: "write it as 2026-11-30T12:34:56Z, or with the zone as 2026-11-30T13:34:56+01:00",
    });
  }
  const moment = new Date(at).toISOString();
  if (at <= now.getTime()) return moment;
  throw new UsageError(`the moment ${moment} is in the future: it is ${now.toISOString()} now`, {
    hint: "look at the time zone; slipway backup list shows up to when moments can be brought back",
  });
}

/**
 * The backups that bring a moment back, out of all in a repository, oldest first. Rows are brought to the moment from the newest backup before
 * it; what they refer to is taken from the first backup after it, if there is one, for what is referred to has to be copied after the rows.
 * @throws PreflightError when the moment is out of reach, naming the last one that is not
 */
export function chooseForMoment(all: readonly ListedBackup[], wanted: WantedBackup, moment: string): ChosenBackups {
  const { name } = chooseBackup(all, wanted);
  const own = all.filter((row) => row.name === name);
  const before = own.filter(({ id, cutAt }) => cutAt !== undefined && cutAt <= moment && isWanted(id, wanted));
  const rows = before.findLast(({ walThrough }) => walThrough !== undefined && moment <= walThrough);
  if (rows === undefined) throw outOfReach(own, before, moment);
  const files = own.find(({ cutAt }) => cutAt !== undefined && moment <= cutAt);
  return { rows, files: files ?? rows };
}

function isWanted(id: string, { backup }: WantedBackup): boolean {
  return backup === undefined || id.startsWith(backup);
}

function outOfReach(own: readonly ListedBackup[], before: readonly ListedBackup[], moment: string): PreflightError {
  const reaching = own.filter(({ walThrough }) => walThrough !== undefined);
  const [first] = reaching;
  if (first === undefined) {
    return new PreflightError(
      "no write-ahead log is stored in this place, and no moment between backups can be brought back",
      {
        hint: "leave --to-time out: slipway restore --from PLACE --backup ID brings a backup back as it is",
      },
    );
  }
  const newest = before.at(-1);
  if (newest === undefined) {
    return new PreflightError(`the moment ${moment} lies before the first backup that it could be reached from`, {
      hint: `the first moment that can be brought back is ${first.cutAt ?? first.at}`,
    });
  }
  const { walThrough, walGap } = before.findLast((row) => row.walThrough !== undefined) ?? newest;
  if (walThrough === undefined) {
    return new PreflightError(
      `no write-ahead log that is stored goes on from backup ${newest.id.slice(0, 8)} to ${moment}`,
      {
        hint: `the first moment that can be brought back is ${first.cutAt ?? first.at}`,
      },
    );
  }
  if (walGap !== undefined) {
    return new PreflightError(
      `the write-ahead log has a gap between ${walThrough} and ${moment}: the segment ${walGap} is missing`,
      {
        hint: `the last moment before the gap is ${walThrough}; a backup that was made after it brings later ones back`,
      },
    );
  }
  return new PreflightError(`the moment ${moment} lies after what was stored of the write-ahead log`, {
    hint: `the last moment that can be brought back is ${walThrough}`,
  });
}
