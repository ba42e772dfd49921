import type { SharedRecords } from "../../execute/state/shared-records.ts";
import type { Cluster } from "../../platform/cluster-ports.ts";
import type { Clock, Exec, FileSystem, Random } from "../../platform/ports.ts";
import type { Terminal } from "../../platform/terminal.ts";

/** What this target needs of the world. */
export interface HelmPorts {
  readonly place: HelmPlace;
  readonly cluster: Cluster;
  /** The records of the install, which are in its namespace; conformance tests do without. */
  readonly records?: SharedRecords;
  readonly exec: Exec;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly terminal: Terminal;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Where on a cluster an install is. */
export interface HelmPlace {
  readonly namespace: string;
}
