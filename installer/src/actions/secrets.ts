import { InternalError } from "../errors/installer-error.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "./context.ts";

export type SecretsListRequest = InstallTarget;

export interface SecretListing {
  readonly name: string;
  readonly description: string;
  /** What made it, for example `random` or `given`. */
  readonly generator: string;
  readonly parts: readonly string[];
  /** Files that hold it; empty when it was not made yet. */
  readonly files: readonly string[];
  /** Components and jobs that read it. */
  readonly usedBy: readonly string[];
  readonly expires?: string;
}

export interface SecretsListResult extends ResultHead<"SecretsListResult"> {
  readonly name: string;
  readonly secrets: readonly SecretListing[];
}

export interface SecretShowRequest extends InstallTarget {
  readonly secret: string;
  /** Of a secret made of several files; needed only then. */
  readonly part?: string;
}

export interface SecretShowResult extends ResultHead<"SecretShowResult"> {
  readonly name: string;
  readonly secret: string;
  readonly part?: string;
  readonly value: string;
}

/** Names every secret of the install and who reads it; shows no value. */
export async function listSecrets(_request: SecretsListRequest, _ports: ActionPorts): Promise<SecretsListResult> {
  return Promise.reject(new InternalError("secrets list is not built yet"));
}

/**
 * Reads one secret. Whether it may be shown (terminal or `--reveal`) is the caller's to decide.
 * @throws UsageError for an unknown name or part
 */
export async function showSecret(_request: SecretShowRequest, _ports: ActionPorts): Promise<SecretShowResult> {
  return Promise.reject(new InternalError("secrets show is not built yet"));
}
