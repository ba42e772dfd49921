import type { InstallTarget, ResultHead } from "../context.ts";
import type { SupportFile } from "./archive.ts";
import type { Collector } from "./collector.ts";

export interface SupportBundleRequest extends InstallTarget {
  /** Absolute; a name with the moment in it, in `folder`, when absent. */
  readonly out?: string;
  /** Absolute folder for a file without a name of its own. */
  readonly folder: string;
  /** Takes the place of a file that is there. */
  readonly force: boolean;
  /** Log lines since then: `24h`, or a moment such as `2026-11-21T10:00:00Z`. */
  readonly since: string;
  /** Ids of collectors to leave out. */
  readonly without: readonly string[];
  /** Name the collectors and collect nothing. */
  readonly listOnly: boolean;
  /** Collect and count, and write nothing. */
  readonly dryRun: boolean;
}

/** Something that could not be had. */
export interface MissedSubject {
  /** Id of the collector. */
  readonly collector: string;
  /** Of several things that it collects, the one. */
  readonly subject?: string;
  readonly reason: string;
}

/** What was, or would be, in a support bundle. */
export interface SupportBundleReport extends ResultHead<"SupportBundleResult"> {
  readonly name: string;
  /** Absent where nothing was written. */
  readonly path?: string;
  /** Of the file, in bytes; absent where nothing was written. */
  readonly bytes?: number;
  /** Lines of components since then, as it was asked for. */
  readonly since: string;
  readonly files: readonly SupportFile[];
  readonly missed: readonly MissedSubject[];
  /** Collectors that were left out on a person's word. */
  readonly leftOut: readonly string[];
  /** How many secrets were looked for by their value. */
  readonly secretsKnown: number;
  /** Secrets of the plan that are nowhere and could not be looked for. */
  readonly secretsMissing: readonly string[];
}

export interface CollectorList extends ResultHead<"CollectorList"> {
  readonly collectors: readonly Pick<Collector, "id" | "holds" | "why">[];
}

export type SupportBundleResult = SupportBundleReport | CollectorList;
