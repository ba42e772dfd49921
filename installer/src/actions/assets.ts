import type { SourcedValue } from "../values/sourced-value.ts";

/** The data files that travel with the program: read from the checkout, or out of the shipped file. */
export interface Assets {
  /**
   * Contents of a data file, by its path from the project's root.
   * @throws InternalError when the program was built without it
   */
  readText(path: string): string;
  /** What a file of values says, where it was read when the program was built; a checkout reads its files itself. */
  readonly readValues?: (path: string) => SourcedValue;
  /** Paths of the data files in a folder and below it, sorted. */
  listBelow(folder: string): readonly string[];
  /** Root of the checkout the program runs from; absent in the shipped program, which cannot build images. */
  readonly checkout: string | undefined;
  readonly version: string;
  /** When the program was made, ISO 8601: no host's clock can rightly be before it. */
  readonly builtAt: string;
}
