import { appendFile, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { ToolboxError } from "../errors.ts";
import { auditBackup, refuseDangling } from "./audit/audit-backup.ts";
import type { HubRows } from "./audit/audit-hub.ts";
import type { AuditResult } from "./audit/audit-result.ts";
import { openParts, type PartsOf } from "./audit/open-parts.ts";
import { type CopyContext, quietly } from "./copy.ts";
import type { CreateContext } from "./create-backup.ts";
import { readIfThere } from "./folder-files.ts";
import type { Proof } from "./backup-events.ts";
import { type BackupManifest, manifestFile } from "./manifest.ts";
import type { Restic } from "./restic.ts";
import type { BackupFolder } from "./work-folder.ts";

/**
 * Restores the databases of a backup to a scratch place, starts them there, reads every row, and follows what rows, repositories and images
 * refer to. Until then a backup is only believed in.
 * @throws ToolboxError naming what is damaged, or what leads nowhere
 */
export async function proveBackup(
  id: string,
  { restic, folder }: { readonly restic: Restic; readonly folder: BackupFolder },
  context: CreateContext,
): Promise<Proof> {
  context.tell({ event: "begun", step: "prove" });
  const manifest = await readManifest(restic, id, folder);
  const parts: PartsOf = { id, manifest, restic, folder };
  await rm(folder.scratch, { recursive: true, force: true });
  try {
    const begun = performance.now();
    const { databases, rows } =
      manifest.postgres === undefined ? { databases: [] } : await proveDatabases(parts, context);
    const restoreSeconds = Math.round((performance.now() - begun) / 1000);
    const audit = await proveReferences(parts, rows, context);
    const proof = { id, at: new Date().toISOString(), restoreSeconds, databases, audit };
    await appendFile(folder.proofs, `${JSON.stringify(proof)}\n`, { mode: 0o600 });
    context.tell({ event: "proved", ...proof });
    return proof;
  } finally {
    await rm(folder.scratch, { recursive: true, force: true });
  }
}

interface ProvedDatabases {
  readonly databases: Proof["databases"];
  /** Of the hub, where there is one. */
  readonly rows?: HubRows;
}

async function proveDatabases({ id, restic, folder }: PartsOf, context: CreateContext): Promise<ProvedDatabases> {
  const target = join(folder.scratch, "postgres");
  await mkdir(target, { recursive: true, mode: 0o700 });
  await restic.restore(id, join(folder.cut, "postgres"), target, (progress) =>
    context.tell({ event: "progress", step: "prove", ...progress }),
  );
  const { provePostgres } = await import("./prove-postgres.ts");
  const { readHubRows } = await import("./audit/hub-rows.ts");
  const place = join(folder.scratch, "server");
  await mkdir(place, { recursive: true, mode: 0o700 });
  const found: { rows?: HubRows } = {};
  const { databases } = await provePostgres(target, place, quietly(context), async (server, proved) => {
    const names = proved.map(({ name }) => name);
    const rows = await readHubRows(server, names);
    if (rows !== undefined) found.rows = rows;
  });
  // What comes next may need the room.
  await rm(target, { recursive: true });
  return { databases: databases.map(({ name, tables, rows }) => ({ name, tables, rows })), ...found };
}

async function proveReferences(
  parts: PartsOf,
  rows: HubRows | undefined,
  { log, tell }: CreateContext,
): Promise<AuditResult> {
  const context: CopyContext = { log, progress: (progress) => tell({ event: "progress", step: "prove", ...progress }) };
  const audit = await auditBackup({ ...(rows && { rows }), ...(await openParts(parts, context)) }, context);
  refuseDangling(audit);
  return audit;
}

/**
 * What a backup says of itself.
 * @throws ToolboxError when it is no backup of a platform, or of a newer format
 */
export async function readManifest(
  restic: Restic,
  id: string,
  { cut }: Pick<BackupFolder, "cut">,
): Promise<BackupManifest> {
  const text = (await restic.dump(id, join(cut, manifestFile))).toString("utf8");
  const found = JSON.parse(text) as Readonly<Record<string, unknown>>;
  if (found["apiVersion"] === "slipway/v1" && found["kind"] === "BackupManifest")
    return found as unknown as BackupManifest;
  throw new ToolboxError(`the backup ${id} is of a format that this version does not know`, {
    advice: "use the version of Slipway that made it, or a newer one",
  });
}

/** The proofs that were made here, by backup; the newest of each. */
export async function readProofs({ proofs }: Pick<BackupFolder, "proofs">): Promise<ReadonlyMap<string, Proof>> {
  const text = (await readIfThere(proofs)) ?? "";
  const found = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Proof);
  return new Map(found.map((proof) => [proof.id, proof]));
}
