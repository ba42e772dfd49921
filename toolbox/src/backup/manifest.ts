import type { CopyResult } from "./copy.ts";

/** Stores of a backup, in the order in which they are copied: what refers to others before what is referred to. */
export const storeNames = ["postgres", "git", "objects", "streams"] as const;

export type StoreName = (typeof storeNames)[number];

/** What a backup holds, beside its data in `manifest.json`. */
export interface BackupManifest {
  readonly apiVersion: "slipway/v1";
  readonly kind: "BackupManifest";
  /** Id of the run that made it. */
  readonly run: string;
  readonly name: string;
  readonly profile: string;
  /** Version of Slipway. */
  readonly version: string;
  readonly begunAt: string;
  /** The moment that it brings back: the end of the copy of the databases. */
  readonly cutAt: string;
  /** What has to be there at a restore: the version of PostgreSQL, and which server it was. */
  readonly postgres?: {
    readonly stopLsn: string;
    readonly systemIdentifier: string;
    readonly timeline: number;
    readonly serverVersion: string;
  };
  readonly stores: Readonly<Partial<Record<StoreName, CopyResult>>>;
}

/** Where the parts of a backup lie below its folder. */
export const recordsFile = "records.json";
export const manifestFile = "manifest.json";
