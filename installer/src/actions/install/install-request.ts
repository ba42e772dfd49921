import type { Timings } from "../../execute/critical-path.ts";
import type { RestoreRequest } from "../../plan/build-plan.ts";
import type { EgressReport } from "../../platform/egress-guard.ts";
import type { GivenBundle } from "../bundle/given-bundle.ts";
import type { Desired } from "../desired/desired.ts";
import type { InstallTarget, ResultHead, ValuesSelection } from "../context.ts";
import type { Drift, FoundInside } from "../plan/find-drift.ts";
import type { Change } from "../plan/plan.ts";
import type { RegistryOptions } from "../push/registry-options.ts";
import type { FirstPassword, NeededRegistration, NotInstalled, PublicUrl } from "../status/summary.ts";
import type { VerifyResult } from "../verify/verify.ts";

export interface InstallRequest extends InstallTarget {
  readonly values: ValuesSelection;
  /** Target of a new install, by name; an install that is there stays on its own. */
  readonly mode?: string;
  /** Refuse unless the plan has this hash; its first digits do, from twelve on. */
  readonly planHash?: string;
  /** Stop after the preflight and say what would change. */
  readonly dryRun?: boolean;
  /** Do not prove the wires at the end. */
  readonly skipVerify?: boolean;
  /** Longest time for the whole bring-up, seconds; without it each component's own limit counts. */
  readonly timeoutSeconds?: number;
  /** Leave out components whose image can neither be found, pulled nor built, and record them as off. */
  readonly withoutUnavailable?: boolean;
  /** Components whose lost data is accepted: their empty stores are set up anew. */
  readonly acceptDataLoss?: readonly string[];
  /** Images built at the same time. */
  readonly jobs?: number;
  /** Take every image from this bundle, or from the private registry that it was pushed to. */
  readonly bundle?: GivenBundle;
  /** With a bundle: the private registry, `host[:port][/path]`, that has its images or, for nodes that pull by themselves, is to get them. */
  readonly registry?: string;
  /** Where a push to it is remembered that was interrupted; inside the state directory without it. */
  readonly pushCacheDir?: string;
  /** How that registry is spoken to. */
  readonly registryOptions?: RegistryOptions;
  /** Use no network but loopback; with a bundle it is always so. */
  readonly offline?: boolean;
  /** Where image builds keep their work; inside the state directory without it. */
  readonly cacheDir?: string;
  /** A backup that is brought back: only the stores are brought up, with its data. */
  readonly restore?: RestoreRequest;
  /** Keep the platform apart from everything: nobody reaches it, and it reaches nobody. */
  readonly isolated?: boolean;
  /** Tell where the time went. */
  readonly timings?: boolean;
  /** Set right what somebody changed inside services, too. */
  readonly repair?: boolean;
  /** Secrets that new ones take the place of, by name. */
  readonly rotate?: readonly string[];
  /** Called under the run lock once everything is there, before anything of the platform is changed; what it throws ends the run. */
  readonly beforeChange?: (desired: Pick<Desired, "plan">) => Promise<void>;
  /** What the history calls this run; `install` if absent. */
  readonly command?: string;
}

export interface InstallResult extends ResultHead<"InstallResult">, Partial<FoundInside> {
  readonly name: string;
  readonly changed: boolean;
  readonly dryRun: boolean;
  readonly planHash: string;
  /** Counts the changes that were completed, from 1; 0 of a dry run. */
  readonly release: number;
  readonly changes: readonly Change[];
  readonly urls: readonly PublicUrl[];
  /** How to read the first password; absent when no login component is installed. */
  readonly firstPassword?: FirstPassword;
  /** What must be entered somewhere else for all of it to work. */
  readonly registrations?: readonly NeededRegistration[];
  readonly notInstalled: readonly NotInstalled[];
  readonly verify?: VerifyResult;
  /** What somebody had changed inside services and is set right, when that was asked for. */
  readonly repaired?: readonly Drift[];
  /** Connections of an install without network: where it might go, and what was refused. */
  readonly egress?: EgressReport;
  /** What the images came from. */
  readonly bundle?: InstalledBundle;
  readonly ms: number;
  /** Where the time went, when that was asked for. */
  readonly timings?: Timings;
  readonly logFile?: string;
}

export interface InstalledBundle {
  readonly name: string;
  readonly version: string;
  /** Digest of the root document. */
  readonly root: string;
  readonly trust: "signed" | "unsigned";
  /** Components that are left out because it was made without them. */
  readonly leftOut: readonly string[];
  /** What this run brought to the registry from which nodes pull: images and their bytes on the wire, none where they were there. */
  readonly pushed?: { readonly to: string; readonly images: number; readonly bytes: number };
}
