/** Everything the engine reports. Reporters turn events into a terminal display, plain lines or JSON lines. */
export type InstallerEvent =
  | {
      readonly type: "step";
      readonly id: string;
      readonly title: string;
      readonly state: StepState;
      readonly detail?: string;
      /** How long it took, in milliseconds; once it ended. */
      readonly ms?: number;
    }
  /** A component or job inside the current step. */
  | {
      readonly type: "item";
      readonly step: string;
      readonly id: string;
      readonly state: "waiting" | "starting" | "running" | "healthy" | "done" | "unchanged" | "removed" | "failed";
      readonly detail?: string;
    }
  | {
      readonly type: "progress";
      readonly step: string;
      readonly id: string;
      /** From 0 to 100; absent where it is not known. */
      readonly percent?: number;
      /** Seconds since the work on this item began. */
      readonly elapsedSeconds?: number;
      /** Estimated seconds. */
      readonly remainingSeconds?: number;
      /** It takes longer than was estimated, so nothing is known about what remains. */
      readonly late?: boolean;
      readonly detail?: string;
    }
  | { readonly type: "finding"; readonly finding: Finding }
  | { readonly type: "note"; readonly message: string }
  | { readonly type: "warning"; readonly message: string; readonly hint?: string }
  /** Only for the log file. */
  | { readonly type: "debug"; readonly message: string; readonly data?: unknown };

export type StepState = "started" | "done" | "skipped" | "failed";

/** The verdict of one check of preflight or doctor. */
export interface Finding {
  /** Stable name, for example `ports.bindable`. */
  readonly id: string;
  readonly severity: "ok" | "warning" | "failure";
  /** What was found. */
  readonly message: string;
  /** What to do about it; present unless ok. */
  readonly remedy?: string;
  readonly component?: string;
}

export type Report = (event: InstallerEvent) => void;
