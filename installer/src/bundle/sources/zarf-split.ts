import { BundleError } from "../../errors/installer-error.ts";

/** The first part of a package that Zarf split: what the others together are. */
export interface ZarfSplit {
  readonly sha256: string;
  readonly paths: readonly string[];
}

const mostParts = 999;

/** Whether a file is named as the first part of a package that Zarf split. */
export function isZarfSplit(path: string): boolean {
  return path.endsWith(".part000");
}

/**
 * Reads the header of a package that Zarf split: JSON with digest, length and number of the parts `.part001` and on.
 * @throws BundleError when it is not one
 */
export function parseZarfSplit(text: string, path: string): ZarfSplit {
  const refuse = (why: string): never => {
    throw new BundleError(`${path} is not a header of a split Zarf package: ${why}`, { hint: "get it again" });
  };
  let fields: Readonly<Record<string, unknown>>;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return refuse("it is not an object");
    fields = Object.fromEntries(Object.entries(parsed).map(([key, value]) => [key.toLowerCase(), value as unknown]));
  } catch {
    return refuse("it is not JSON");
  }
  const { sha256sum, count } = fields;
  if (typeof sha256sum !== "string" || !/^[0-9a-fA-F]{64}$/.test(sha256sum)) return refuse("it has no SHA-256");
  if (typeof count !== "number" || !Number.isInteger(count) || count < 1 || count > mostParts) {
    return refuse("it does not say how many parts there are");
  }
  const stem = path.slice(0, -"000".length);
  const paths = Array.from({ length: count }, (_, at) => `${stem}${String(at + 1).padStart(3, "0")}`);
  return { sha256: sha256sum, paths };
}
