import type { Finding } from "../../events/event.ts";
import type { Plan } from "../../plan/model.ts";
import type { Clock, Docker, EngineInfo, Exec, FileSystem, Host } from "../../platform/ports.ts";
import type { StatusResult } from "../status/status.ts";
import type { Values } from "../../values/values.generated.ts";

/** What a check may look at. */
export interface CheckContext {
  readonly plan: Plan;
  readonly values: Values;
  readonly name: string;
  readonly stateDir: string;
  readonly engine: EngineProbe;
  readonly docker: Docker;
  readonly exec: Exec;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly host: Host;
  /** Identity of the install in the state directory; absent before the first install. */
  readonly installId: string | undefined;
  /** Day the program was built; no clock can be before it. */
  readonly builtAt: Date;
  /** Whether images of ours can be built here. */
  readonly canBuildImages: boolean;
  /** References of images that are known to be had, though the engine lacks them. */
  readonly availableImages?: ReadonlySet<string>;
  /** No registry may be asked, and nothing is built. */
  readonly offline?: boolean;
  readonly signal: AbortSignal;
  /** The live platform, asked once; absent in a preflight and where nothing is installed. */
  readonly live: StatusResult | undefined;
}

/** The engine's answer, asked once for all checks: its facts, or why it did not answer. */
export type EngineProbe =
  | { readonly reachable: true; readonly info: EngineInfo }
  | { readonly reachable: false; readonly reason: string };

/** One check: data with a function that only looks. */
export interface Check {
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
  run(context: CheckContext): Promise<readonly CheckFinding[]> | readonly CheckFinding[];
}

export interface CheckFinding {
  /** The check's own severity unless this one is milder. */
  readonly severity?: "warning" | "failure";
  readonly message: string;
  readonly remedy: string;
  readonly component?: string;
}

/** What every run of checks gives back. */
export interface CheckReport {
  readonly findings: readonly Finding[];
  readonly checks: number;
}
