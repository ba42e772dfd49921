import type { Report } from "../events/event.ts";
import type { BulkFiles, Hashing, Http, HttpSettings } from "../platform/content-ports.ts";
import type {
  Clock,
  Exec,
  Failpoint,
  FileSystem,
  Host,
  ImageStore,
  Locks,
  ProcessInfo,
  Random,
} from "../platform/ports.ts";
import type { Target } from "../targets/target.ts";
import type { Assets } from "./assets.ts";

/** What an action needs of the world. `engine/create-engine.ts` puts it together. */
export interface ActionPorts {
  /** Where the platform of this request runs. */
  readonly target: Target;
  /** The images of this machine's engine: what bundles are made of and loaded into. */
  readonly images: ImageStore;
  readonly exec: Exec;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly host: Host;
  readonly locks: Locks;
  readonly random: Random;
  readonly process: ProcessInfo;
  readonly failpoint: Failpoint;
  readonly bulkFiles: BulkFiles;
  readonly hashing: Hashing;
  /** HTTP with connections of its own, to be closed by whoever asked for it. */
  readonly http: (settings: HttpSettings) => Http;
  readonly assets: Assets;
  /** Environment of the program, for what child programs and image builds take from it. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly report: Report;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What actions need that only read files; without `report` nobody is warned. */
export type FilePorts = Pick<ActionPorts, "fs" | "assets"> & Partial<Pick<ActionPorts, "report">>;

/** Which install an action is about. */
export interface InstallTarget {
  readonly name: string;
  /** Absolute; `defaultStateDirectory` of `execute/state/layout.ts` says where it is by default. */
  readonly stateDir: string;
}

/** Where the wanted values come from. */
export interface ValuesSelection {
  readonly profile?: string;
  /** Files in the order they are laid over each other. Where one is named, the recorded values do not count. */
  readonly files: readonly string[];
  /** Absolute path of the file that a first install takes where none is named; it need not be there. */
  readonly ownFile?: string;
  /** Neither the recorded values nor `ownFile` count: defaults, and what is given here. */
  readonly reset?: boolean;
  /** `key=value` as given by `--set`, in order. */
  readonly set: readonly string[];
  /** Components to record as `mode: off`. */
  readonly without: readonly string[];
  /** Absolute path of an image lock whose digests are rendered. */
  readonly lock?: string;
}

/** The values as they are recorded, and nothing else. */
export const recordedValues: ValuesSelection = { files: [], set: [], without: [] };

/** Head of every result: `--json` prints results as they are. */
export interface ResultHead<Kind extends string> {
  /** Grows only when what a program relied on goes: docs/json.md says what that is. */
  readonly apiVersion: "slipway/v1";
  /** What this is. */
  readonly kind: Kind;
}
