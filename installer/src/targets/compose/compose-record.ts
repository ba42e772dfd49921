import type { Applied } from "../../execute/state/records.ts";

/** What only this target records of an install. */
export interface ComposeRecord {
  /** What each component's container was started with. */
  readonly containers: Readonly<Record<string, { readonly containerId: string; readonly filesDigest: string }>>;
  /** Files of the live tree as they were written. */
  readonly files: Readonly<Record<string, WrittenFile>>;
  /** Volumes with the directory of the host that they are bound to; a purge that was cut off finds it here alone. */
  readonly volumes: readonly RecordedVolume[];
}

export interface WrittenFile {
  readonly digest: string;
  readonly size?: number;
  readonly owner?: number;
}

export interface RecordedVolume {
  readonly component: string;
  readonly volume: string;
  readonly hostPath?: string;
}

const nothing: ComposeRecord = { containers: {}, files: {}, volumes: [] };

/** This target's section of the record. */
export function composeRecord(applied: Pick<Applied, "target">): ComposeRecord {
  return { ...nothing, ...(applied.target as Partial<ComposeRecord>) };
}

/** The section with something of it changed, as an update of the record takes it. */
export function changeRecord(
  applied: Pick<Applied, "target">,
  change: Partial<ComposeRecord>,
): Pick<Applied, "target"> {
  return { target: { ...applied.target, ...change } };
}
