/** What a job gets from the program. */
export interface JobContext {
  /** True when nothing may be changed: what is missing is only noted. */
  readonly probe: boolean;
  readonly log: (line: string) => void;
  /** Notes what somebody else made and the job leaves as it is, for the result; never a secret. */
  readonly note: (text: string) => void;
  /**
   * Notes a difference between what is and what the document says and, unless this is a probe, makes it so.
   * The text names what is changed and never holds a secret.
   */
  readonly change: (text: string, apply: () => Promise<void>) => Promise<void>;
}
