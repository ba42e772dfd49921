import type { Unit } from "../../render/rendering.ts";

/** Where an install runs, for every machine the same. What names the place on a target is that target's own. */
export interface TargetIdentity {
  readonly kind: string;
  readonly namespace?: string;
}

/** What makes this install this one, set once. */
export interface Identity {
  readonly uuid: string;
  readonly name: string;
  readonly createdAt: string;
  /** Key of the digests of files with secrets. */
  readonly digestKey: string;
  readonly target: TargetIdentity;
}

/** A file that values were taken from, and the fingerprint of what it said. */
export interface ValuesFile {
  /** Absolute. */
  readonly path: string;
  readonly digest: string;
}

/** A secret as it was made, and as what was last applied reads it. */
export interface AppliedSecret {
  readonly inputsHash: string;
  /** When it was made or given; absent where an older version made it. */
  readonly at?: string;
  readonly expires?: string;
  /** Keyed digest of the secret that the platform runs with; absent before it was applied once. */
  readonly digest?: string;
}

/** Another one is wanted, lies beside it, or has taken its place. */
export type RotationState = "wanted" | "made" | "placed";

export interface AppliedJob {
  readonly inputsHash: string;
  readonly at: string;
  /** What it found when it was last asked what it would set right, and the answer to its quick question just before. */
  readonly found?: FoundByJob | undefined;
}

export interface FoundByJob {
  readonly stamp: string;
  readonly changes: readonly string[];
  readonly notes: readonly string[];
}

/** What is known to be done. The target's own state is asked, never taken from here. */
export interface Applied {
  readonly release: number;
  /** Hash of what is applied; empty or absent when nothing is, or not known to be complete. */
  readonly appliedHash?: string;
  readonly installedAt?: string;
  /** A change that was begun and is not complete. */
  readonly change?: { readonly at: string; readonly hash: string } | undefined;
  readonly units: readonly Unit[];
  readonly stores: readonly { readonly component: string; readonly volume: string }[];
  readonly jobs: Readonly<Record<string, AppliedJob>>;
  /** Stores by `component/volume`, once their component served from them. */
  readonly initialised: Readonly<Record<string, { readonly at: string }>>;
  /** Secrets that were made or taken over, by name. */
  readonly secrets: Readonly<Record<string, AppliedSecret>>;
  /** Secrets that another takes the place of, by name, until the platform runs with it. */
  readonly rotation?: Readonly<Record<string, RotationState>> | undefined;
  /** The files that the recorded values were taken from; absent where an older version recorded them. */
  readonly valuesFiles?: readonly ValuesFile[] | undefined;
  /** What only the target of this install needs to know; it alone reads and writes it. */
  readonly target: Readonly<Record<string, unknown>>;
}

/** Whether stores hold data, or jobs did work, that was made with the secrets of the install. */
export function hasData({ initialised, jobs }: Pick<Applied, "initialised" | "jobs">): boolean {
  return Object.keys(initialised).length > 0 || Object.keys(jobs).length > 0;
}

export const nothingApplied: Applied = {
  release: 0,
  units: [],
  stores: [],
  jobs: {},
  initialised: {},
  secrets: {},
  target: {},
};
