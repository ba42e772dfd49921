/** How long the engine may take. */
export interface EngineLimits {
  /** A call that has heard nothing for so long asks the engine for a sign of life… */
  readonly quietMs: number;
  /** …which has to come within this. */
  readonly signOfLifeMs: number;
  /** A question, such as a list, is answered within this. */
  readonly questionMs: number;
  /** A change, such as the start of a container, is made within this. */
  readonly changeMs: number;
  /** A question that was under way at Ctrl-C gets so much longer. */
  readonly graceMs: number;
}

/**
 * Generous, because an engine on a small busy host is slow and right; one that is silent altogether is found out by its
 * missing sign of life after half a minute.
 */
export const engineLimits: EngineLimits = {
  quietMs: 15_000,
  signOfLifeMs: 15_000,
  questionMs: 120_000,
  changeMs: 300_000,
  graceMs: 3_000,
};
