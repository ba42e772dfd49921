/** Reading a log line by line. */
export interface LogReading {
  /** Lines from the end; all of them when negative. */
  readonly tail: number;
  /** `10m`, or a time such as `2026-11-21T10:00:00Z`. */
  readonly since?: string;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}
