import type { Install } from "../../execute/state/install.ts";
import type { ServiceCopy } from "../../targets/live-platform.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import type { HistoryResult } from "../history/history.ts";
import type { CollectorId } from "./collector-ids.ts";

/** One thing that a support bundle holds. What is no collector's is not in it. */
export interface Collector {
  /** Stable; `--without` names it. */
  readonly id: CollectorId;
  /** What it puts into the bundle. */
  readonly holds: string;
  /** What whoever helps needs it for. */
  readonly why: string;
  /** Anything it throws is noted in the manifest, and the others go on. */
  readonly collect: (context: CollectorContext) => Promise<void>;
}

export interface CollectorContext {
  readonly place: InstallTarget;
  readonly ports: ActionPorts;
  /** Its records, as far as they can be read. */
  readonly install: Install;
  /** Lines of components since then: `24h`, or a moment. */
  readonly since: string;
  readonly look: Looks;
  /** Adds a file, without its secrets. */
  readonly add: (path: string, text: string) => Promise<void>;
  /** The same with a result for programs. */
  readonly addJson: (path: string, value: unknown) => Promise<void>;
  /**
   * The same piece by piece: of what `fill` writes the newest bytes up to the limit are kept. What it wrote before it failed is kept, too.
   * @throws what `fill` throws
   */
  readonly addStream: (path: string, limit: number, fill: (write: WriteText) => Promise<void>) => Promise<void>;
  /** Notes that one of several things could not be had. */
  readonly failed: (subject: string, error: unknown) => void;
}

export type WriteText = (text: string | Uint8Array) => void;

/** What more than one collector asks for; each is asked once. */
export interface Looks {
  readonly copies: () => Promise<readonly ServiceCopy[]>;
  readonly history: () => Promise<HistoryResult>;
  /** Names of the logs of runs in the state directory, oldest first. */
  readonly runLogs: () => Promise<readonly string[]>;
}
