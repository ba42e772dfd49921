/** What a wire check gets from the program. */
export interface WireContext {
  /** Aborted when the wire's time is over. */
  readonly signal: AbortSignal;
  /** Notes what was seen, for the result's details. */
  readonly note: (line: string) => void;
  /** Registers what is removed or closed at the end, also after a failure; run last first. */
  readonly atEnd: (undo: () => Promise<void> | void) => void;
}

/** How one kind of wire is proved. */
export interface WireCheck<W> {
  readonly address: (wire: W) => string;
  readonly expectation: (wire: W) => string;
  /** Returns when everything is proved and throws at the first thing that is not. */
  readonly prove: (wire: W, context: WireContext) => Promise<void>;
}
