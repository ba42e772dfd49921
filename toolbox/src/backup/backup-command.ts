import { text } from "node:stream/consumers";
import type { BackupDocument } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import type { BackupEvent, ListedBackup } from "./backup-events.ts";
import { checkRepository } from "./check-repository.ts";
import { createBackup } from "./create-backup.ts";
import { recordsFile } from "./manifest.ts";
import { withOtherCredential } from "./other-credential.ts";
import { proveBackup, readProofs } from "./prove-backup.ts";
import { readQuarantined } from "./quarantine.ts";
import { parseRecords } from "./records.ts";
import { returnDatabase, returnObjects, returnRepository } from "./return-parts.ts";
import { openRestic, type CheckScope, type Restic, type StoredSnapshot } from "./restic.ts";
import { whileRemoving } from "./stored-backups.ts";
import { isWal, needlessWal, reachOf, startIn, storedWal, walHost } from "./wal/stored-wal.ts";
import { type BackupFolder, openBackupFolder, putRecords } from "./work-folder.ts";

export interface BackupIo {
  readonly tell: (event: BackupEvent) => void;
  readonly log: (line: string) => void;
  readonly input: NodeJS.ReadableStream;
  /** Takes what is for the caller alone: records, with every secret. */
  readonly hand: (text: string) => void;
  /** Takes a document whose secrets are to be kept out of what is told, too. */
  readonly hide: (document: unknown) => void;
}

interface Work extends BackupIo {
  readonly document: BackupDocument;
  readonly words: readonly string[];
  readonly folder: BackupFolder;
  readonly restic: Restic;
}

interface Action {
  /** Whether it works on the folder, which one process does at a time. */
  readonly manner: "work" | "look";
  /** False where it has nothing to do with the repository. */
  readonly opens?: false;
  /** It is done with a credential that is handed over, for this once. */
  readonly asOther?: true;
  /** Under which name its snapshots are kept; the platform's unless told otherwise. */
  readonly hostOf?: (name: string) => string;
  /** It begins anew by itself, and gives up sooner than others what a server does not do. */
  readonly retrySeconds?: number;
  /** How many words stand behind it. */
  readonly words: number;
  readonly run: (work: Work) => Promise<void>;
}

/** What `toolbox backup FILE` can do; each is one run of the job. */
const actions: Readonly<Record<string, Action>> = {
  prepare: { manner: "work", words: 0, run: prepare },
  "put-records": {
    manner: "work",
    opens: false,
    words: 0,
    run: async ({ folder, input }) => putRecords(folder, await text(input)),
  },
  "show-records": { manner: "look", words: 1, run: showRecords },
  create: { manner: "work", words: 1, run: create },
  prove: {
    manner: "work",
    words: 1,
    run: async (work) => {
      await proveBackup(work.words[0] ?? "", work, work);
    },
  },
  list: { manner: "look", words: 0, run: list },
  check: { manner: "work", words: 1, run: check },
  prune: { manner: "work", words: 0, run: prune },
  "prune-with": { manner: "work", words: 0, asOther: true, run: prune },
  // A service and no job: it sees to its server by itself, and waits where that is away.
  "archive-wal": {
    manner: "work",
    opens: false,
    words: 0,
    hostOf: walHost,
    retrySeconds: 60,
    run: async (work) => (await import("./wal/archive-wal.ts")).archiveWal(work),
  },
  quarantined: {
    manner: "look",
    words: 1,
    run: async ({ document, words, tell }) =>
      tell({ event: "quarantined", ...(await readQuarantined(document.folder, words[0] ?? "")) }),
  },
  "return-database": {
    manner: "work",
    words: 3,
    run: async (work) => returnDatabase(...idAndNames(work), work),
  },
  "return-repository": {
    manner: "work",
    words: 3,
    run: async (work) => returnRepository(...idAndNames(work), work),
  },
  "return-objects": {
    manner: "work",
    words: 4,
    run: async (work) => {
      const [id = "", bucket = "", prefix = "", into = ""] = work.words;
      await returnObjects(id, { bucket, prefix, into }, work);
    },
  },
};

/** A backup, what of it, and as what. */
function idAndNames({ words: [id = "", name = "", as = ""] }: Pick<Work, "words">): [string, string, string] {
  return [id, name, as];
}

/** Whether these words are a call of the program. */
export function isBackupCall([action = "", ...words]: readonly string[]): boolean {
  return actions[action]?.words === words.length;
}

/** Who stores the write-ahead log holds the repository every other minute, for seconds. */
const lockSeconds = 60;

/**
 * Does one thing with the backups of a platform.
 * @throws ToolboxError
 */
export async function runBackup(
  given: BackupDocument,
  [name = "", ...words]: readonly string[],
  io: BackupIo,
): Promise<void> {
  const action = actions[name];
  if (action === undefined) throw new RangeError(`there is no action ${name}`);
  const document = action.asOther === true ? withOtherCredential(given, await text(io.input)) : given;
  io.hide(document);
  const folder = await openBackupFolder(document.folder, action.manner);
  const { repository } = document;
  const { cache: cacheFolder, deadHosts } = folder;
  const restic = openRestic(repository, {
    host: (action.hostOf ?? String)(document.name),
    temporary: "/tmp",
    cacheFolder,
    deadHosts,
    lockSeconds,
    ...(action.retrySeconds === undefined ? {} : { retrySeconds: action.retrySeconds }),
    log: io.log,
  });
  try {
    if (action.opens !== false) await restic.reach();
    await action.run({ ...io, document, words, folder, restic });
  } finally {
    await restic.close();
  }
}

/** Makes the repository, and lets the recovery key that is handed over open it, too. */
async function prepare({ restic, input, tell }: Work): Promise<void> {
  const key = (await text(input)).trim();
  if (key === "") throw new ToolboxError("no recovery key was handed over");
  const made = !(await restic.exists());
  if (made) await restic.initialise();
  await restic.addKey(key);
  tell({ event: "ready", made });
}

async function create(work: Work): Promise<void> {
  const { document, words, restic } = work;
  await createBackup(document, words[0] ?? "", { ...work, openable: refuseUnopenable(restic) }, work);
}

/** Asks both at once: each look costs the time that a repository's password is made to cost. */
async function refuseUnopenable(restic: Restic): Promise<void> {
  const keys = restic.keys();
  keys.catch(() => undefined);
  if (!(await restic.exists())) {
    throw new ToolboxError("there is no repository of backups yet", { advice: "run slipway backup init" });
  }
  // Its making may have been cut off between the two.
  if ((await keys) < 2) {
    throw new ToolboxError("no recovery key opens the backups: without one nobody can, if the platform is lost", {
      advice: "run slipway backup init",
    });
  }
}

/** Records hold every secret: they go to the caller's own file, and to nobody else. */
async function showRecords({ restic, words, folder, hand }: Work): Promise<void> {
  const records = await restic.dump(words[0] ?? "", `${folder.cut}/${recordsFile}`);
  hand(JSON.stringify(parseRecords(records.toString("utf8"))));
}

async function list({ restic, folder, tell }: Work): Promise<void> {
  const proofs = await readProofs(folder);
  const all = await restic.snapshots();
  for (const row of all.filter((one) => !isWal(one))) {
    const { id, time, tags, summary } = row;
    const proof = proofs.get(id);
    const name = tags.find((tag) => tag.startsWith("of:"))?.slice("of:".length) ?? "";
    const bytes = summary?.bytes ?? 0;
    const head = { id, at: time, name, bytes, ...momentsOf(row, all, name) };
    tell({ event: "snapshot", snapshot: { ...head, ...(proof === undefined ? {} : { proof }) } });
  }
}

/** From when and until when moments can be brought back with a backup. */
function momentsOf(
  { tags }: StoredSnapshot,
  all: readonly StoredSnapshot[],
  name: string,
): Pick<ListedBackup, "cutAt" | "walThrough" | "walGap"> {
  const start = startIn(tags);
  if (start === undefined) return {};
  const { cutAt } = start;
  const reach = reachOf(start, storedWal(all, name));
  if (reach === undefined) return { cutAt };
  return { cutAt, walThrough: reach.through, ...(reach.gap === undefined ? {} : { walGap: reach.gap }) };
}

async function check({ document, restic, folder, words, tell }: Work): Promise<void> {
  tell({ event: "begun", step: "check" });
  const { name } = document;
  tell({ event: "checked", ...(await checkRepository({ restic, folder, name }, scopeOf(words[0] ?? ""))) });
}

/** `metadata`, `all`, or `2/7`: one of so many parts. */
function scopeOf(word: string): CheckScope {
  const [part, of] = word.split("/").map(Number);
  if (part !== undefined && of !== undefined) return { part, of };
  return word === "metadata" ? "metadata" : "all";
}

async function prune({ document, restic, folder, tell }: Work): Promise<void> {
  const { kept, removed } = await whileRemoving({ folder, restic }, async () => {
    const backups = await restic.forget(document.keep);
    await restic.remove(await needlessIn(restic, document.name, backups.kept));
    await restic.freeRoom();
    return backups;
  });
  tell({ event: "forgotten", kept: kept.length, removed: removed.length });
}

/** Snapshots of the write-ahead log that no backup needs which stays. */
async function needlessIn(restic: Restic, name: string, kept: readonly string[]): Promise<readonly string[]> {
  const all = await restic.snapshots();
  const starts = all.filter(({ id }) => kept.includes(id)).flatMap(({ tags }) => startIn(tags) ?? []);
  return needlessWal(storedWal(all, name), starts);
}
