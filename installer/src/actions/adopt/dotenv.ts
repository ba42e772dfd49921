import type { Problems } from "./refusal.ts";

export type Variables = ReadonlyMap<string, string>;

const assignment = /^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(.*)$/;

/**
 * Reads a `.env` file as its program does: quotes, comments, `export`, and variables of lines before. What would be read in another way than
 * a person means it, is a problem: an open quote, a variable that nothing sets, one that is set twice.
 */
export function parseDotenv(name: string, text: string, problems: Problems): Variables {
  const variables = new Map<string, string>();
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split("\n")
    .entries()) {
    const line = raw.replace(/\r$/, "").trim();
    if (line === "" || line.startsWith("#")) continue;
    const place = `${name}:${index + 1}`;
    const [, key, rest] = assignment.exec(line) ?? [];
    if (key === undefined || rest === undefined) {
      problems.add(`${place} is no KEY=VALUE`);
      continue;
    }
    const value = readValue(rest, variables, (why) => problems.add(`${place} ${key} ${why}`));
    const before = variables.get(key);
    if (before !== undefined && before !== value) problems.add(`${place} sets ${key} again, to another value`);
    if (before === undefined) variables.set(key, value);
  }
  return variables;
}

type Tell = (why: string) => void;

function readValue(rest: string, variables: Variables, tell: Tell): string {
  const quote = rest[0];
  if (quote !== '"' && quote !== "'") {
    // A comment needs a space before it: a password may hold the sign.
    return fillIn(rest.replace(/(^|[ \t]+)#.*$/, "").trimEnd(), variables, tell);
  }
  const end = closingQuote(rest, quote);
  if (end === -1) {
    tell(`begins with ${quote} and does not end with it`);
    return "";
  }
  const after = rest.slice(end + 1).trim();
  if (after !== "" && !after.startsWith("#")) tell("has more behind its closing quote");
  const inner = rest.slice(1, end);
  return quote === "'" ? inner : fillIn(unescape(inner), variables, tell);
}

function closingQuote(text: string, quote: string): number {
  for (let at = 1; at < text.length; at += 1) {
    if (quote === '"' && text[at] === "\\") at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}

/** A dollar that was escaped stays one: it is doubled, as `fillIn` reads it. */
function unescape(text: string): string {
  const meanings: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", $: "$$" };
  return text.replace(/\\(.)/g, (whole, character: string) =>
    '"\\'.includes(character) ? character : (meanings[character] ?? whole),
  );
}

const reference = /\$(?:(\$)|\{([A-Za-z_][A-Za-z0-9_]*)(?:(:?[-+?])([^{}]*))?\}|([A-Za-z_][A-Za-z0-9_]*)|(\{))/g;

/** Puts in what `$NAME`, `${NAME}`, `${NAME:-default}` and `${NAME:+other}` stand for; `$$` is a dollar. */
export function fillIn(text: string, variables: Variables, tell: Tell): string {
  return text.replace(reference, (...groups: (string | undefined)[]) => {
    const [whole = "", dollar, braced, operator = "", word = "", plain, open] = groups;
    if (dollar !== undefined) return "$";
    if (open === undefined) return valueOf({ key: braced ?? plain ?? "", operator, word }, variables, tell);
    tell("holds ${ without an end, or something between braces that is not read here");
    return whole;
  });
}

interface Reference {
  readonly key: string;
  /** `:-` and its like; the empty text where there is none. */
  readonly operator: string;
  readonly word: string;
}

function valueOf({ key, operator, word }: Reference, variables: Variables, tell: Tell): string {
  const value = variables.get(key);
  const isSet = value !== undefined && (value !== "" || !operator.startsWith(":"));
  if (operator.endsWith("+")) return isSet ? word : "";
  if (isSet) return value;
  if (operator.endsWith("-")) return word;
  tell(operator.endsWith("?") ? `needs ${key}, which is not set` : `uses ${key}, which is not set`);
  return "";
}

/** A port that a variable holds, or what counts without it; anything else is a problem. */
export function readPort(
  { name, value, otherwise }: { readonly name: string; readonly value: string | undefined; readonly otherwise: number },
  problems: Problems,
): number {
  if (value === undefined || value === "") return otherwise;
  if (/^[1-9][0-9]{0,4}$/.test(value) && Number(value) <= 65_535) return Number(value);
  problems.add(`${name} is no port (got ${JSON.stringify(value.slice(0, 20))}), allowed is 1 to 65535`);
  return otherwise;
}
