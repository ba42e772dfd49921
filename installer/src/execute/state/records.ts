import type { Unit } from "../../render/rendering.ts";

/** Where an install runs. What names the place on a target is that target's own. */
export interface TargetIdentity {
  readonly kind: string;
  readonly namespace?: string;
  readonly context?: string;
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
  readonly jobs: Readonly<Record<string, { readonly inputsHash: string; readonly at: string }>>;
  /** Stores by `component/volume`, once their component served from them. */
  readonly initialised: Readonly<Record<string, { readonly at: string }>>;
  /** Secrets that were made or taken over, by name. */
  readonly secrets: Readonly<Record<string, { readonly inputsHash: string; readonly expires?: string }>>;
  /** What only the target of this install needs to know; it alone reads and writes it. */
  readonly target: Readonly<Record<string, unknown>>;
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
