import { ToolboxError } from "../errors.ts";
import { serverError } from "./repository-errors.ts";
import { damageIn } from "./restic-messages.ts";

/** Data of a backup is not what was stored. */
export class DamagedBackupError extends ToolboxError {
  constructor(message: string, options: { readonly advice?: string } = {}) {
    super(message, { advice: options.advice ?? "use another backup, or a copy of the repository from elsewhere" });
    this.name = "DamagedBackupError";
  }
}

/** The key does not belong to the repository. */
export class WrongKeyError extends ToolboxError {
  constructor(path: string) {
    super(`the password or recovery key does not open the backup repository in ${path}`, {
      advice: "use the password or recovery key of the install whose backups these are",
    });
    this.name = "WrongKeyError";
  }
}

/** Exit codes of restic 0.18, https://restic.readthedocs.io/en/v0.18.0/075_scripting.html#exit-codes */
export const resticExit = {
  done: 0,
  failed: 1,
  incomplete: 3,
  noRepository: 10,
  locked: 11,
  wrongPassword: 12,
} as const;

const damage = new RegExp(
  [
    "ciphertext verification failed|unexpected (?:pack id|file size|EOF)|not found in (?:repository|index)",
    "file is too short|wrong hash|invalid data returned|/data/[0-9a-f]{2}/[0-9a-f]{64}: no such file|pack [0-9a-f]+: does not exist",
    "repository contains errors|is damaged|wrong length|decompress|hash mismatch",
    // Of one that was cut short restic does not always end in good order.
    "config cannot be loaded|config file has zero size|slice bounds out of range",
  ].join("|"),
);

/** Whether a text of restic tells of data in the repository that is missing or is not what was stored. */
export function tellsOfDamage(text: string): boolean {
  return damage.test(text) && !isTriedAgain(text);
}

/** Restic tries again what a server did not do, and says so; what comes of it is told by what it says last. */
function isTriedAgain(text: string): boolean {
  return /returned error, retrying after|operation successful after \d+ retr/.test(text);
}

/**
 * Tells of each line that restic writes whether it tries the same for too long: a quarter of an hour is of no use to who begins anew by
 * itself, and has to say until then what it waits for.
 * @param seconds from the first try in vain to the last one that is waited for
 * @param now milliseconds of a clock that only goes forward
 */
export function tiredAfter(seconds: number, now: () => number): (line: string) => boolean {
  let since: number | undefined;
  return (line) => {
    if (!isTriedAgain(line)) return false;
    if (line.includes("operation successful")) {
      since = undefined;
      return false;
    }
    since ??= now();
    return now() - since > seconds * 1000;
  };
}

const cannotChange = /read-only file system|permission denied|operation not permitted|input\/output error/i;

/**
 * Whether restic says of a disk that nothing can come of it: it tries again for a quarter of an hour what the disk does not do at all, and
 * now and then it waits for ever once a file could not be written.
 */
export function isTriedInVain(text: string): boolean {
  return (isTriedAgain(text) && cannotChange.test(text)) || /^Save\(.*\) failed: /.test(text);
}

/** What a server that cuts answers short cannot have caused. */
function tellsOfLoss(text: string): boolean {
  return tellsOfDamage(text.replaceAll(/unexpected EOF/g, ""));
}

export interface ResticFailure {
  /** What was being done: `storing the backup`. */
  readonly doing: string;
  readonly path: string;
  readonly code: number | string;
  readonly problems: readonly string[];
  /** The repository is on a server elsewhere. */
  readonly isElsewhere?: boolean;
}

/** The error of a restic command that did not end well, in plain words. */
export function resticError({ doing, path, code, problems: said, isElsewhere }: ResticFailure): ToolboxError {
  const last = said.filter((problem) => !isTriedAgain(problem));
  const problems = last.length === 0 ? said : last;
  const text = problems.join("; ");
  if (code === resticExit.noRepository) {
    return new ToolboxError(`there is no backup repository in ${path}`, {
      advice:
        isElsewhere === true
          ? "look at backup.repository.url"
          : "look whether the storage of the backups is mounted there",
    });
  }
  if (code === resticExit.wrongPassword) return new WrongKeyError(path);
  if (text.includes("repository already contains keys")) return withoutConfig(path, isElsewhere);
  const unserved = isElsewhere === true ? serverError({ shown: path, doing, text: shortened(problems) }) : undefined;
  if (unserved !== undefined && !tellsOfLoss(text)) return unserved;
  if (/no space left on device|disk quota exceeded/i.test(text)) {
    return new ToolboxError(`a disk is full: ${doing} failed: ${shortened(problems)}`, {
      advice: "free space or add some, then run the same again; backups stored before are not touched",
    });
  }
  if (tellsOfDamage(text)) {
    // Of several keys restic stops at the first that is not what was written.
    const advice = /\bkey\/[0-9a-f]/.test(text)
      ? {
          advice:
            "if there is another key: carry the damaged file out of keys/ of the directory, and open it with that",
        }
      : {};
    return new DamagedBackupError(
      `the backup repository in ${path} is damaged: ${shortened(damageIn(problems))}`,
      advice,
    );
  }
  if (/permission denied|read-only file system|operation not permitted/i.test(text)) {
    return new ToolboxError(`${doing} failed: ${shortened(problems)}`, {
      advice: "the folder has to belong to the user that the toolbox runs as, and must be writable",
    });
  }
  if (code === resticExit.incomplete) {
    return new ToolboxError(`${doing} failed, some files could not be read: ${shortened(problems)}`, {
      advice: "look at the disk of the folder and at who may read it",
    });
  }
  if (/input\/output error/i.test(text)) {
    return new ToolboxError(`${doing} failed, the disk of ${path} does not work: ${shortened(problems)}`, {
      advice: "look at the disk, and what the system says of it; backups on another disk are not touched",
    });
  }
  return new ToolboxError(`${doing} failed, restic ended with ${code}: ${shortened(problems)}`, {
    advice: "look at the storage of the backups, then run the same again",
  });
}

/** Where its making was cut off in a directory, that has been mended before: there are backups. */
function withoutConfig(path: string, isElsewhere = false): ToolboxError {
  return new ToolboxError(`the backup repository in ${path} has keys, but its file config is gone`, {
    advice: isElsewhere
      ? "look at its server: if nothing is below data and snapshots, its making was cut off, so remove the rest and run slipway backup init; else bring config back from a copy"
      : "bring config back from a copy of the repository: without it nobody can read the backups that are there",
  });
}

function shortened(problems: readonly string[]): string {
  const more = problems.length > 3 ? ` (and ${problems.length - 3} more)` : "";
  return `${problems.slice(0, 3).join("; ") || "nothing was said"}${more}`;
}

export interface ResticLock {
  readonly hostname: string;
  readonly pid: number;
  /** When it was taken or last renewed. */
  readonly time: string;
  readonly exclusive: boolean;
}

/** The error of a repository that somebody else works on. */
export function lockedError(path: string, { hostname, pid, time }: ResticLock): ToolboxError {
  return new ToolboxError(
    `the backup repository in ${path} is locked by process ${pid} on ${hostname} since ${time.replace(/\.\d+/, "")}`,
    { advice: "wait until that run has ended; one that was killed elsewhere holds it for two hours at most" },
  );
}
