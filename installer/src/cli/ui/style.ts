import { createColors } from "picocolors";

/** The few ways text stands out. Without colours all of them return the text as it is. */
export interface Style {
  readonly good: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly warn: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bold: (text: string) => string;
}

/** Styles for a stream: colours only where a person looks at a terminal that has them. */
export function createStyle(enabled: boolean): Style {
  if (!enabled) return { good: plain, bad: plain, warn: plain, dim: plain, bold: plain };
  const colors = createColors(true);
  return { good: colors.green, bad: colors.red, warn: colors.yellow, dim: colors.dim, bold: colors.bold };
}

function plain(text: string): string {
  return text;
}
