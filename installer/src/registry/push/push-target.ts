import type { Finding } from "../../events/event.ts";
import type { PushPlan } from "./push-plan.ts";

export interface PreparationOptions {
  /** Look, but change nothing. */
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

export interface OpenOptions extends PreparationOptions {
  /** Why no image could even be asked for, where that has nothing to do with rights: then nothing will be made for the push. */
  readonly blocked?: Error;
}

/** What `open` found out. */
export interface OpenedTarget {
  readonly findings: readonly Finding[];
  /** Repositories known not to exist, because their project does not: nothing is asked of them. */
  readonly absent: readonly string[];
  /** Repositories that may be pushed to without the right to read them: what is refused of them counts as not there. */
  readonly unseen: readonly string[];
}

/**
 * How a push ended: every image is there; some are not; none is, and none will be while the source is as it is.
 */
export type PushEnd = "complete" | "incomplete" | "in vain";

/**
 * What a kind of registry wants done around a push: projects, quotas, robot accounts, immutable tags. Findings of severity
 * `failure` end the push before a byte is sent.
 */
export interface TargetPreparation {
  /**
   * Looks at what images go into, and changes nothing.
   * @param repositories every repository that images go to, without the host
   * @throws RegistryError when the registry refuses to be looked at
   */
  open?(repositories: readonly string[], options: OpenOptions): Promise<OpenedTarget>;
  /**
   * When it is known what is to be sent, and before the first byte: makes what must exist for it, unless something stands in
   * the way.
   * @throws RegistryError when the registry refuses to be looked at
   */
  prepare(plan: PushPlan, options: PreparationOptions): Promise<readonly Finding[]>;
  /**
   * When the images are through: what could have stood in their way is set up here, and what was made in vain is removed.
   * @throws RegistryError when the registry refuses it
   */
  finish?(end: PushEnd, signal: AbortSignal): Promise<readonly Finding[]>;
  /** What it means here that an image was refused; the error itself where nothing more is known. */
  explain?(error: Error, repository: string): Error;
}

/** A registry that needs nothing of the kind. */
export const plainTarget: TargetPreparation = { prepare: () => Promise.resolve([]) };
