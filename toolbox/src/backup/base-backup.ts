import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DamagedBackupError } from "./restic-errors.ts";
import { ToolboxError } from "../errors.ts";
import { runProgram } from "./run-program.ts";

export interface BaseBackupFacts {
  /** Where the copy is consistent, as `0/3000100`: everything that was committed before is in it. */
  readonly stopLsn: string;
  /** Which cluster it is a copy of. */
  readonly systemIdentifier: string;
  /** The history of that cluster which its log goes on in. */
  readonly timeline: number;
}

/**
 * What the manifest of a base backup says of it.
 * @throws ToolboxError when it does not say so
 */
export async function readManifest(folder: string): Promise<BaseBackupFacts> {
  return factsIn(await readFile(join(folder, "backup_manifest"), "utf8"));
}

/** @throws ToolboxError when the text is not a manifest of PostgreSQL 17 */
export function factsIn(manifest: string): BaseBackupFacts {
  // The identifier has 64 bits: as a number of JSON its last digits would be lost.
  const systemIdentifier = /"System-Identifier": (\d+)/.exec(manifest)?.[1];
  const { "WAL-Ranges": ranges } = JSON.parse(manifest) as {
    readonly "WAL-Ranges"?: readonly { readonly Timeline: number; readonly "End-LSN": string }[];
  };
  const { "End-LSN": stopLsn, Timeline: timeline } = ranges?.at(-1) ?? {};
  if (systemIdentifier === undefined || stopLsn === undefined || timeline === undefined) {
    throw new ToolboxError("the manifest of the copy is not one of PostgreSQL 17");
  }
  return { stopLsn, systemIdentifier, timeline };
}

/** How many databases are in a data directory, without those that PostgreSQL makes others from. */
export async function countDatabases(folder: string): Promise<number> {
  const templates = ["1", "4"];
  const entries = await readdir(join(folder, "base"));
  return entries.filter((name) => /^\d+$/.test(name) && !templates.includes(name)).length;
}

/**
 * Compares every file of a base backup with its manifest, and reads the write-ahead log that it needs. Only of use
 * before a server was started on it.
 * @throws DamagedBackupError that names what is missing or different
 */
export async function verifyBaseBackup(folder: string): Promise<void> {
  const { code, output, errors } = await runProgram("pg_verifybackup", [folder], { environment: { LC_ALL: "C" } });
  if (code === 0) return;
  const lines = `${errors}\n${output.toString("utf8")}`
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line) => line.replace(/^pg_verifybackup: (?:error: )?/, ""));
  const more = lines.length > 5 ? ` (and ${lines.length - 5} more)` : "";
  throw new DamagedBackupError(
    `the copy of PostgreSQL is not what was backed up: ${lines.slice(0, 5).join("; ")}${more}`,
  );
}
