import type { AuditResult } from "./audit/audit-result.ts";
import type { CopyProgress, CopyResult } from "./copy.ts";
import type { StoreName } from "./manifest.ts";
import type { Quarantined } from "./quarantine.ts";

/** One line of `toolbox backup` on stdout. */
export type BackupEvent =
  | { readonly event: "begun"; readonly step: BackupStep }
  | ({ readonly event: "progress"; readonly step: BackupStep } & CopyProgress)
  | ({ readonly event: "copied"; readonly step: StoreName; readonly ms: number } & CopyResult)
  /** Everything that refers to something else is copied with it: from here on things may be deleted again. */
  | { readonly event: "released" }
  | ({ readonly event: "stored" } & StoredBackup)
  | ({ readonly event: "proved" } & Proof)
  | { readonly event: "snapshot"; readonly snapshot: ListedBackup }
  | { readonly event: "checked"; readonly problems: readonly string[]; readonly gaps: readonly string[] }
  | { readonly event: "forgotten"; readonly kept: number; readonly removed: number }
  /** A part of a backup is there beside what is in use. */
  | { readonly event: "returned"; readonly what: string; readonly as: string }
  /** What of a backup that was brought back no row knows of. */
  | ({ readonly event: "quarantined" } & Quarantined)
  | { readonly event: "ready"; readonly made: boolean }
  | { readonly event: "failed"; readonly error: string; readonly cause: string };

/** Copying a store, storing what was copied in the repository, proving it, or checking the repository. */
export type BackupStep = StoreName | "store" | "prove" | "check";

export interface StoredBackup {
  /** Id in the repository. */
  readonly id: string;
  readonly files: number;
  readonly bytes: number;
  /** Bytes that the repository grew by. */
  readonly addedBytes: number;
}

/** A backup that was restored to a scratch place and looked through. */
export interface Proof {
  readonly id: string;
  readonly at: string;
  /** Seconds that the restore of the databases took. */
  readonly restoreSeconds: number;
  readonly databases: readonly ProvedDatabase[];
  /** Where its references lead; proofs of earlier versions have none. */
  readonly audit?: AuditResult;
}

export interface ProvedDatabase {
  readonly name: string;
  /** Tables with rows that were read. */
  readonly tables: number;
  /** Rows that were read. */
  readonly rows: number;
}

export interface ListedBackup {
  readonly id: string;
  /** ISO 8601. */
  readonly at: string;
  /** Bytes that it holds. */
  readonly bytes: number;
  /** Name of the platform that it is of. */
  readonly name: string;
  /** The moment that it brings back, ISO 8601; backups of earlier versions do not say it. */
  readonly cutAt?: string;
  /** The last moment, ISO 8601, that can be brought back with it and the write-ahead log that was stored since. */
  readonly walThrough?: string;
  /** Segment of that log which is missing: what was stored after it is of no use for this backup. */
  readonly walGap?: string;
  readonly proof?: Proof;
}
