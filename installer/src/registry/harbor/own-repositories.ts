import type { HarborProject } from "./harbor-documents.ts";

/** A project with the repositories of ours in it, their names without the project. */
export interface OwnRepositories {
  readonly name: string;
  /** Undefined where it would only be made; `hidden` where it may not be looked at. */
  readonly project: HarborProject | "hidden" | undefined;
  /** This run makes it: nothing is in it. */
  readonly isNew: boolean;
  /** This push made it, in this run or one that was broken off: nothing of others is in it, so that a rule may be about all of it. */
  readonly isOurs: boolean;
  /** Bytes, -1 for none: of a project that is made, where it is not known that Harbor ignores it. */
  readonly limit?: number;
  readonly repositories: readonly string[];
}
