import type { Finding } from "../../events/event.ts";
import type { PushPlan } from "./push-plan.ts";

export interface PreparationOptions {
  /** Look, but change nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

/** What `open` found out. */
export interface OpenedTarget {
  readonly findings: readonly Finding[];
  /** Repositories known not to exist (their project is new, or would be made): nothing is asked of them. */
  readonly absent: readonly string[];
}

/**
 * What a kind of registry wants done around a push: projects, quotas, robot accounts, immutable tags. Findings of severity
 * `failure` end the push before a byte is sent.
 */
export interface TargetPreparation {
  /**
   * Before anything is asked of the registry: what must exist so that it can be asked at all.
   * @param repositories every repository that images go to, without the host
   * @throws RegistryError when the registry refuses to be looked at
   */
  open?(repositories: readonly string[], options: PreparationOptions): Promise<OpenedTarget>;
  /**
   * When it is known what is to be sent, and before the first byte.
   * @throws RegistryError when the registry refuses to be looked at
   */
  prepare(plan: PushPlan, options: PreparationOptions): Promise<readonly Finding[]>;
}

/** A registry that needs nothing of the kind. */
export const plainTarget: TargetPreparation = { prepare: () => Promise.resolve([]) };
