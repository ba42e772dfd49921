import { count, type ResticMessage } from "./restic-messages.ts";
import type { ResticProgram } from "./restic-program.ts";

export interface StoredSnapshot {
  readonly id: string;
  /** ISO 8601. */
  readonly time: string;
  readonly tags: readonly string[];
  readonly host: string;
  /** The folder that was stored, as it was called. */
  readonly folder: string;
  /** What was counted when it was stored. */
  readonly summary: { readonly files: number; readonly bytes: number } | undefined;
}

/** A snapshot as restic prints it. */
export interface SnapshotLine {
  readonly id: string;
  readonly time: string;
  readonly tags?: readonly string[] | null;
  readonly hostname: string;
  readonly paths?: readonly string[] | null;
  readonly summary?: ResticMessage;
}

/** Oldest first; only those with all of the tags. */
export async function snapshots(
  restic: ResticProgram,
  tags: readonly string[] = [],
): Promise<readonly StoredSnapshot[]> {
  const filter = tags.length === 0 ? [] : ["--tag", tags.join(",")];
  const output = await restic.run("listing backups", ["snapshots", "--no-lock", ...filter]);
  const lines = JSON.parse(output.toString("utf8")) as readonly SnapshotLine[] | null;
  return (lines ?? []).map((line) => ({
    ...{ id: line.id, time: line.time, tags: line.tags ?? [], host: line.hostname, folder: line.paths?.[0] ?? "" },
    summary:
      line.summary === undefined
        ? undefined
        : { files: count(line.summary, "total_files_processed"), bytes: count(line.summary, "total_bytes_processed") },
  }));
}
