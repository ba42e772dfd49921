import type { Finding } from "../events/event.ts";
import type { Plan } from "../plan/model.ts";
import type { Install } from "../execute/state/install.ts";
import type { Clock, Exec, FileSystem, Host } from "../platform/ports.ts";
import type { Values } from "../values/values.generated.ts";
import type { LivePlatform } from "./live-platform.ts";

/** What a check may look at. */
export interface CheckContext {
  readonly plan: Plan;
  readonly values: Values;
  readonly name: string;
  readonly stateDir: string;
  readonly exec: Exec;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly host: Host;
  /** The records in the state directory; absent when they cannot be read. */
  readonly install: Install | undefined;
  /** Day the program was built; no clock can be before it. */
  readonly builtAt: Date;
  /** Whether images of ours can be built here. */
  readonly canBuildImages: boolean;
  /** References of images that are known to be had, though the engine lacks them. */
  readonly availableImages?: ReadonlySet<string>;
  /** No registry may be asked, and nothing is built. */
  readonly offline?: boolean;
  /** The platform runs on other machines than this one. */
  readonly isElsewhere?: boolean;
  readonly signal: AbortSignal;
  /** The live platform, asked once; absent in a preflight and where nothing is installed. */
  readonly live: LivePlatform | undefined;
}

/** One check: data with a function that only looks. */
export interface Check<Context extends CheckContext = CheckContext> {
  /** Stable name, for example `ports.bindable`. */
  readonly id: string;
  readonly title: string;
  /** What goes wrong later when this is not so. */
  readonly why: string;
  /** The worst it can find. */
  readonly severity: "warning" | "failure";
  /** Page of `docs/` that says more. */
  readonly docs?: string;
  /** Empty when all is well. Findings carry no id: the check's own is set. */
  run(context: Context): Promise<readonly CheckFinding[]> | readonly CheckFinding[];
}

export interface CheckFinding {
  /** The check's own severity unless this one is milder. */
  readonly severity?: "warning" | "failure";
  readonly message: string;
  readonly remedy: string;
  readonly component?: string;
}

/** What checks say in another language, by id; the same id may mean another check before an install and after it. */
export interface ChecksInWords {
  readonly preflight: Readonly<Record<string, Pick<Check, "title" | "why">>>;
  readonly live: Readonly<Record<string, Pick<Check, "title" | "why">>>;
}

/** What every run of checks gives back. */
export interface CheckReport {
  readonly findings: readonly Finding[];
  readonly checks: number;
}
