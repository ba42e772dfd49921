import type { SecretSlot } from "../plan/model.ts";

/** Contents whose endpoint slots are resolved; what is left are literals and secrets. */
export type RenderedText = readonly (string | SecretSlot)[];

/** A file of the rendered output. One with a secret slot is itself a secret and is only completed at the last moment. */
export interface RenderedFile {
  /** Relative to the output directory. */
  readonly path: string;
  readonly contents: RenderedText;
  /** Uid of the container that reads it; absent for files only people and tools read. */
  readonly owner?: number;
  readonly secret: boolean;
}

/** The file as one string; a secret appears as `${secret:name}`, never as its value. */
export function renderedFileToString(file: RenderedFile): string {
  return file.contents
    .map((part) => {
      if (typeof part === "string") return part;
      return `\${secret:${part.name}${part.part === undefined ? "" : `.${part.part}`}${part.as === "raw" ? "" : `|${part.as}`}}`;
    })
    .join("");
}
