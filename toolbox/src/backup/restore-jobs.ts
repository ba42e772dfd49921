import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type {
  BackupRepository,
  RestoreGitJob,
  RestoreObjectsJob,
  RestorePostgresJob,
  RestoreStreamsJob,
} from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import type { JobContext } from "../jobs/job.ts";
import { type CopyContext, quietly } from "./copy.ts";
import type { StoreName } from "./manifest.ts";
import type { Recovery } from "./postgres-store.ts";
import { noteQuarantined, openQuarantine, type Quarantine, type QuarantinedStore } from "./quarantine.ts";
import { runProgram } from "./run-program.ts";
import { openRestic, type Restic } from "./restic.ts";
import { cutIn, signIn } from "./work-folder.ts";

/** Brings a data directory back, for a server that was never started on it. */
export async function runRestorePostgres(job: RestorePostgresJob, { log, change }: JobContext): Promise<void> {
  const { restorePostgres } = await import("./postgres-store.ts");
  const { snapshot, moment } = job;
  const what = moment === undefined ? snapshot : markOf(snapshot, moment);
  await change(`bring back databases of backup ${what}`, () =>
    withRepository(job, log, async (restic) => {
      const saved = join(cutIn(job.folder), "postgres");
      await requireSameMajor(restic, snapshot, saved);
      const recovery = moment === undefined ? undefined : await recoveryOf({ ...job, moment }, restic, log);
      await restorePostgres(restic, snapshot, saved, job.data, { ...quietly({ log }), ...(recovery && { recovery }) });
    }),
  );
}

function markOf(snapshot: string, moment: string): string {
  return `${snapshot}, and what was written until ${moment}`;
}

async function recoveryOf(
  { snapshot, moment, folder, administrator }: RestorePostgresJob & { readonly moment: string },
  restic: Restic,
  log: (line: string) => void,
): Promise<Recovery> {
  const { recoverTo } = await import("./wal/recover.ts");
  return {
    mark: markOf(snapshot, moment),
    recover: (data) => {
      const place = { restic, snapshot, data, folder: join(folder, "restore-wal") };
      return recoverTo(moment, { ...place, ...(administrator && { administrator }) }, quietly({ log }));
    },
  };
}

/** A data directory is of one major version. Nothing is written before this is known. */
async function requireSameMajor(restic: Restic, snapshot: string, folder: string): Promise<void> {
  const saved = (await restic.dump(snapshot, join(folder, "PG_VERSION"))).toString("utf8").trim();
  const { output } = await runProgram("postgres", ["--version"], { environment: {} });
  const here = / (\d+)/.exec(output.toString("utf8"))?.[1];
  if (saved === here) return;
  throw new ToolboxError(
    `the backup holds databases of PostgreSQL ${saved}, and this platform runs ${here ?? "another"}`,
    {
      advice: "restore it with the version of Slipway that made it, and upgrade then",
    },
  );
}

export async function runRestoreGit(job: RestoreGitJob, context: JobContext): Promise<void> {
  const { restoreGit } = await import("./git-store.ts");
  await withQuarantine("git", job, context, ({ placeOf }) =>
    bringBack("git", job, context, (folder, copy) => restoreGit(job.git, folder, { placeOf }, copy)),
  );
}

export async function runRestoreObjects(job: RestoreObjectsJob, context: JobContext): Promise<void> {
  const { restoreObjects } = await import("./object-store.ts");
  await withQuarantine("objects", job, context, ({ placeOf }) =>
    bringBack("objects", job, context, (folder, copy) => restoreObjects(job.objects, folder, { placeOf }, copy)),
  );
}

export async function runRestoreStreams(job: RestoreStreamsJob, context: JobContext): Promise<void> {
  const { restoreStreams } = await import("./stream-store.ts");
  await bringBack("streams", job, context, (folder, copy) => restoreStreams(job.streams, folder, {}, copy));
}

/** Brings a store's part back, what is nobody's apart from the rest. */
async function withQuarantine(
  store: QuarantinedStore,
  { snapshot, folder, rows }: RestoreGitJob | RestoreObjectsJob,
  { log }: JobContext,
  bring: (quarantine: Quarantine) => Promise<void>,
): Promise<void> {
  const quarantine = await openQuarantine(store, snapshot, rows);
  await bring(quarantine);
  const names = quarantine.names();
  for (const name of names) log(`no row of a database knows of ${name}: it lies under ${quarantine.placeOf(name)}`);
  await noteQuarantined(folder, store, { snapshot, names });
}

interface FolderJob {
  readonly repository: BackupRepository;
  readonly snapshot: string;
  /** Where backups of this install are put together, now as when this one was made. */
  readonly folder: string;
}

/** Fetches one store's part of a backup to a folder, hands it over, and clears it away once it is in the store. */
async function bringBack(
  store: StoreName,
  job: FolderJob,
  { log, change }: JobContext,
  put: (folder: string, context: CopyContext) => Promise<unknown>,
): Promise<void> {
  const folder = join(job.folder, `restore-${store}`);
  await change(`bring back ${store} of backup ${job.snapshot}`, async () => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await withRepository(job, log, (restic) =>
      restic.restore(job.snapshot, join(cutIn(job.folder), store), folder, () => undefined),
    );
    await put(folder, quietly({ log }));
    await rm(folder, { recursive: true, force: true });
  });
}

async function withRepository(
  { repository, folder }: Pick<FolderJob, "repository" | "folder">,
  log: (line: string) => void,
  use: (restic: Restic) => Promise<void>,
): Promise<void> {
  await signIn(folder);
  const restic = openRestic(repository, { host: "restore", temporary: "/tmp", log });
  try {
    await restic.reach();
    await use(restic);
  } finally {
    await restic.close();
  }
}
