/** How a value may be written. */
export type SecretEncoding =
  | "plain"
  /** A line of a value that has several, such as a key. */
  | "line"
  | "url"
  | "base64"
  | "hex"
  | "json"
  /** JSON inside a text of JSON. */
  | "json-twice"
  | "reversed";

export interface SecretForm {
  readonly encoding: SecretEncoding;
  readonly text: string;
}

/** Values shorter than this are no secrets of ours and would blot out ordinary words. */
export const shortestSecret = 6;

/** A shorter line of a key is no key, and may stand in any text. */
const shortestLine = 20;

/**
 * Every form that a secret value is looked for in, each once. White space around it does not count: a file ends with a line
 * end that its reader drops.
 */
export function secretForms(value: string): readonly SecretForm[] {
  const bare = value.trim();
  const found = new Map<string, SecretEncoding>();
  for (const { encoding, text } of formsOf(bare)) {
    if (text.length >= shortestSecret && !found.has(text)) found.set(text, encoding);
  }
  return [...found].map(([text, encoding]) => ({ encoding, text }));
}

function formsOf(value: string): readonly SecretForm[] {
  const as = (encoding: SecretEncoding, texts: readonly string[]): readonly SecretForm[] =>
    texts.map((text) => ({ encoding, text }));
  const bytes = Buffer.from(value, "utf8");
  const hex = bytes.toString("hex");
  const json = jsonForms(value);
  return [
    ...as("plain", [value]),
    ...as(
      "line",
      linesOf(value).flatMap((line) => [line, encodeURIComponent(line)]),
    ),
    ...as("json", json),
    ...as("json-twice", json.flatMap(jsonForms)),
    ...as("url", urlForms(value)),
    ...as("base64", base64Forms(bytes)),
    ...as("hex", [hex, hex.toUpperCase()]),
    ...as("reversed", [Array.from(value).reverse().join("")]),
  ];
}

/** A key in PEM shows up line by line, in logs and in JSON. */
function linesOf(value: string): readonly string[] {
  if (!value.includes("\n")) return [];
  return value.split(/\r?\n/).filter((line) => line.length > shortestLine && !line.startsWith("-----"));
}

/** As JSON is written: as short as it may be, with what HTML reads escaped too (Go), and in ASCII alone (Python). */
function jsonForms(value: string): readonly string[] {
  const short = JSON.stringify(value).slice(1, -1);
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return [
    short,
    short.replaceAll(/[<>&\u2028\u2029]/g, escape),
    // biome-ignore lint/suspicious/noControlCharactersInRegex: everything that is not ASCII
    short.replaceAll(/[^\x00-\x7f]/g, escape),
    short.replaceAll("/", "\\/"),
  ];
}

/** Programs differ in which signs they leave, and in the case of digits. */
function urlForms(value: string): readonly string[] {
  if (!value.isWellFormed()) return [];
  const usual = encodeURIComponent(value);
  const strict = usual.replaceAll(/[!'()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
  const lower = (text: string): string => text.replaceAll(/%[0-9A-F]{2}/g, (escaped) => escaped.toLowerCase());
  const withPlus = strict.replaceAll("%20", "+");
  return [usual, strict, withPlus].flatMap((text) => [text, lower(text)]);
}

/** Base64 of the value alone, and of the value behind one or two other bytes, less the characters those share; both alphabets. */
function base64Forms(bytes: Buffer): readonly string[] {
  const shifted = [0, 1, 2].map((offset) => {
    const text = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString("base64")
      .replace(/=+$/, "");
    const cleanStart = offset === 0 ? 0 : offset + 1;
    const complete = (offset + bytes.length) % 3 === 0;
    return text.slice(cleanStart, complete ? undefined : -1);
  });
  return [...shifted, ...shifted.map((form) => form.replaceAll("+", "-").replaceAll("/", "_"))];
}
