/** What copying one kind of store gets from the program, and tells it. */
export interface CopyContext {
  /** A line for people; never a secret. */
  readonly log: (line: string) => void;
  /** How far it is; called at most a few times a second. */
  readonly progress: (progress: CopyProgress) => void;
}

/** One whose caller tells nobody how far it is. */
export function quietly({ log }: Pick<CopyContext, "log">): CopyContext {
  return { log, progress: () => undefined };
}

export interface CopyProgress {
  readonly done: number;
  readonly total: number;
  readonly unit: "bytes" | "items";
}

/** What was copied: repositories, objects, streams or databases, and their bytes in the folder. */
export interface CopyResult {
  readonly items: number;
  readonly bytes: number;
  /** Bytes that had to be fetched or written; what was there already from an earlier copy is not counted. */
  readonly changedBytes: number;
}
