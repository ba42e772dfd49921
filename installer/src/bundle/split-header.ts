import { BundleError } from "../errors/installer-error.ts";
import { type Fields, hasFields } from "../language/fields.ts";
import { isDigest } from "../oci/digest.ts";
import { mostShards } from "./reed-solomon.ts";

/** `FILE.split.json`: what the parts of a bundle are. */
export interface SplitHeader {
  readonly apiVersion: "slipway/v1";
  readonly kind: "SplitBundle";
  /** File name of the whole bundle. */
  readonly name: string;
  readonly size: number;
  /** Of every part but the last, which may be shorter. */
  readonly partSize: number;
  readonly parts: readonly SplitPart[];
  readonly parity?: { readonly count: number; readonly parts: readonly SplitPart[] };
}

export interface SplitPart {
  /** File name, no folder. */
  readonly file: string;
  readonly size: number;
  readonly digest: string;
}

export const splitSuffix = ".split.json";

/** The file name of a part, counted from 1. */
export function partName(name: string, number: number): string {
  return `${name}.part${String(number).padStart(3, "0")}`;
}

/** The file name of a parity part, counted from 1. */
export function parityName(name: string, number: number): string {
  return `${name}.parity${String(number).padStart(3, "0")}`;
}

/** The file name of the header when this is one of a part, else undefined. */
export function headerNameOfPart(name: string): string | undefined {
  const found = /^(.+)\.(?:part|parity)[0-9]{3,}$/.exec(name);
  return found === null ? undefined : `${found[1] ?? ""}${splitSuffix}`;
}

/** The bytes of `FILE.split.json`. */
export function formatSplitHeader(header: SplitHeader): string {
  const { name, size, partSize, parts, parity } = header;
  const ordered = (part: SplitPart): SplitPart => ({ file: part.file, size: part.size, digest: part.digest });
  const document = {
    apiVersion: "slipway/v1",
    kind: "SplitBundle",
    name,
    size,
    partSize,
    parts: parts.map(ordered),
    ...(parity !== undefined && { parity: { count: parity.count, parts: parity.parts.map(ordered) } }),
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

/**
 * Reads a header; names and sizes of its parts are as Slipway makes them, or it is refused.
 * @param path of the file, for the error
 * @throws BundleError when it is no such header
 */
export function parseSplitHeader(text: string, path: string): SplitHeader {
  const refuse = (why: string): never => {
    throw new BundleError(`${path} is not a header of a split bundle: ${why}`, {
      hint: "get the header again from where it came",
    });
  };
  const fields = parseRecord(text, refuse);
  if (fields["apiVersion"] !== "slipway/v1" || fields["kind"] !== "SplitBundle") refuse("its kind is not SplitBundle");
  const { name, size, partSize } = fields;
  if (typeof name !== "string" || !/^[^/\\\p{Cc}]{1,200}$/u.test(name) || name.startsWith(".")) {
    return refuse("it names no file");
  }
  if (!isSize(size) || !isSize(partSize)) return refuse("its sizes are not valid");
  const count = Math.ceil(size / partSize);
  if (!Array.isArray(fields["parts"]) || fields["parts"].length !== count)
    return refuse(`it does not name ${count} parts`);
  const parts = fields["parts"].map((part, index) => {
    const expected = Math.min(partSize, size - index * partSize);
    return readPart(part, { file: partName(name, index + 1), size: expected }, refuse);
  });
  const parity = fields["parity"] === undefined ? undefined : readParity(fields["parity"], { name, partSize }, refuse);
  if (parity !== undefined && parts.length + parity.count > mostShards)
    refuse("it has more parts than parity can cover");
  return {
    apiVersion: "slipway/v1",
    kind: "SplitBundle",
    name,
    size,
    partSize,
    parts,
    ...(parity === undefined ? {} : { parity }),
  };
}
type Refuse = (why: string) => never;

function parseRecord(text: string, refuse: Refuse): Fields {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return refuse("it is not JSON");
  }
  return hasFields(parsed) ? parsed : refuse("it is not an object");
}

function readParity(
  value: unknown,
  of: { readonly name: string; readonly partSize: number },
  refuse: Refuse,
): NonNullable<SplitHeader["parity"]> {
  if (!hasFields(value) || !Array.isArray(value["parts"])) return refuse("its parity is not described");
  const { count, parts } = value;
  if (!isSize(count) || !Array.isArray(parts) || parts.length !== count || count > mostShards) {
    return refuse("its parity parts are not as many as it says");
  }
  return {
    count,
    parts: parts.map((part, index) =>
      readPart(part, { file: parityName(of.name, index + 1), size: of.partSize }, refuse),
    ),
  };
}

function readPart(value: unknown, expected: Omit<SplitPart, "digest">, refuse: Refuse): SplitPart {
  if (!hasFields(value) || value["file"] !== expected.file) return refuse(`it does not name ${expected.file}`);
  const { size, digest } = value;
  if (size !== expected.size) return refuse(`the size of ${expected.file} does not fit the others`);
  if (typeof digest !== "string" || !isDigest(digest)) return refuse(`it has no digest of ${expected.file}`);
  return { ...expected, digest };
}

function isSize(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}
