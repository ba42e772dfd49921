import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { BackupDocument } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import type { BackupEvent } from "./backup-events.ts";
import type { CopyContext, CopyResult } from "./copy.ts";
import { type BackupManifest, manifestFile, recordsFile, type StoreName, storeNames } from "./manifest.ts";
import type { Restic } from "./restic.ts";
import { noteStored } from "./stored-backups.ts";
import { tagsOfStart } from "./wal/stored-wal.ts";
import { readRecords, type BackupFolder } from "./work-folder.ts";

export interface BackupPlace {
  readonly restic: Restic;
  readonly folder: BackupFolder;
  /** Fails where nothing can be stored, or nobody could open it. People wait until it is known, so that the first copies are made meanwhile. */
  readonly openable: Promise<void>;
}

export interface CreateContext {
  readonly tell: (event: BackupEvent) => void;
  readonly log: (line: string) => void;
}

/**
 * Makes a backup: copies what refers to others before what is referred to, and stores all of it as one. The caller has seen to it that
 * nothing is deleted meanwhile, until `released` is told.
 * @returns its id in the repository
 * @throws ToolboxError naming the store that could not be copied
 */
export async function createBackup(
  document: BackupDocument,
  run: string,
  place: BackupPlace,
  context: CreateContext,
): Promise<string> {
  const begunAt = new Date().toISOString();
  const { restic, folder } = place;
  const { name, profile, version } = await readRecords(folder);
  // What keeps the whole backup from being made ends it at once, whatever is being copied then.
  const [copied] = await Promise.all([copyStores(document, folder, context), place.openable]);
  context.tell({ event: "released" });
  const head = { apiVersion: "slipway/v1", kind: "BackupManifest", run, name, profile, version } as const;
  const manifest: BackupManifest = { ...head, begunAt, ...copied };
  await writeFile(join(folder.cut, manifestFile), `${JSON.stringify(manifest)}\n`, { mode: 0o600 });
  const stored = await store(restic, folder, manifest, context);
  await noteStored({ folder, restic }, stored);
  // Secrets lie there no longer than they have to.
  await rm(join(folder.cut, recordsFile), { force: true });
  return stored;
}

async function copyStores(
  document: BackupDocument,
  folder: BackupFolder,
  context: CreateContext,
): Promise<Pick<BackupManifest, "cutAt" | "postgres" | "stores">> {
  const stores: Partial<Record<StoreName, CopyResult>> = {};
  let cutAt = new Date().toISOString();
  let postgres: BackupManifest["postgres"];
  for (const store of storeNames) {
    const copied = await copyStore(store, document, join(folder.cut, store), context);
    if (copied === undefined) continue;
    const { result, server } = copied;
    stores[store] = result;
    if (server !== undefined) {
      postgres = server;
      cutAt = new Date().toISOString();
    }
  }
  return { cutAt, ...(postgres === undefined ? {} : { postgres }), stores };
}

async function store(
  restic: Restic,
  folder: BackupFolder,
  { run, name, cutAt, postgres }: BackupManifest,
  context: CreateContext,
): Promise<string> {
  context.tell({ event: "begun", step: "store" });
  const { snapshotId, files, bytes, addedBytes } = await restic.backup(
    folder.cut,
    { tags: [`run:${run}`, `of:${name}`, ...(postgres === undefined ? [] : tagsOfStart({ ...postgres, cutAt }))] },
    (progress) => context.tell({ event: "progress", step: "store", ...progress }),
  );
  context.tell({ event: "stored", id: snapshotId, files, bytes, addedBytes });
  return snapshotId;
}

interface CopiedStore {
  readonly result: CopyResult;
  readonly server?: BackupManifest["postgres"];
}

/** Undefined where the platform has no such store of its own. */
async function copyStore(
  name: StoreName,
  document: BackupDocument,
  folder: string,
  context: CreateContext,
): Promise<CopiedStore | undefined> {
  if (document[name] === undefined) return undefined;
  const begun = performance.now();
  context.tell({ event: "begun", step: name });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const copied = await saveStore(name, document, folder, copyContextFor(name, context));
  const { items, bytes, changedBytes } = copied.result;
  const ms = Math.round(performance.now() - begun);
  context.tell({ event: "copied", step: name, items, bytes, changedBytes, ms });
  return { ...copied, result: { items, bytes, changedBytes } };
}

function copyContextFor(step: StoreName, { log, tell }: CreateContext): CopyContext {
  return { log, progress: (progress) => tell({ event: "progress", step, ...progress }) };
}

async function saveStore(
  name: StoreName,
  { postgres, git, objects, streams }: BackupDocument,
  folder: string,
  context: CopyContext,
): Promise<CopiedStore> {
  if (name === "postgres" && postgres !== undefined) {
    const { savePostgres } = await import("./postgres-store.ts");
    const { stopLsn, systemIdentifier, timeline, serverVersion, ...result } = await savePostgres(
      postgres,
      folder,
      context,
    );
    return { result, server: { stopLsn, systemIdentifier, timeline, serverVersion } };
  }
  if (name === "git" && git !== undefined) {
    return { result: await (await import("./git-store.ts")).saveGit(git, folder, context) };
  }
  if (name === "objects" && objects !== undefined) {
    return { result: await (await import("./object-store.ts")).saveObjects(objects, folder, context) };
  }
  if (name === "streams" && streams !== undefined) {
    return { result: await (await import("./stream-store.ts")).saveStreams(streams, folder, context) };
  }
  throw new ToolboxError(`there is no way to copy ${name}`);
}
