import type { Docker, EngineInfo } from "../../../platform/ports.ts";
import type { Check, CheckContext } from "../../check.ts";

/** What a check of this target may look at besides what every check may. */
export interface ComposeCheckContext extends CheckContext {
  readonly engine: EngineProbe;
  readonly docker: Docker;
}

export type ComposeCheck = Check<ComposeCheckContext>;

/** The engine's answer, asked once for all checks: its facts, or why it did not answer. */
export type EngineProbe =
  | { readonly reachable: true; readonly info: EngineInfo }
  | { readonly reachable: false; readonly reason: string };

/** The engine's facts, or nothing where another check already says that it does not answer. */
export function engineInfo(context: Pick<ComposeCheckContext, "engine">): EngineInfo | undefined {
  return context.engine.reachable ? context.engine.info : undefined;
}

/** The id of the install in the state directory; absent before the first install. */
export function installIdOf({ install }: CheckContext): string | undefined {
  return install?.identity?.uuid;
}
