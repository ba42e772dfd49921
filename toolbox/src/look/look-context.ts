import type { LookFinding } from "../contract.ts";

/** What a look at a service gets. */
export interface LookContext {
  /** File with the authorities to trust, where some are given. */
  readonly caFile: string | undefined;
  readonly signal: AbortSignal;
  readonly found: (severity: LookFinding["severity"], message: string, remedy: string) => void;
}
