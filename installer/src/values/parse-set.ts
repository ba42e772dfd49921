import { ValuesError } from "../errors/installer-error.ts";
import { findKey } from "./describe-value.ts";
import { isSize } from "./meant-value.ts";
import { parseYaml, valuesLimits } from "./parse-values.ts";
import { type Origin, type SourcedValue, forbiddenKeys, formatPath } from "./sourced-value.ts";

const origin: Origin = { layer: "set", file: "--set" };

/**
 * Reads one `--set a.b.c=value`. Numbers, true, false and null are what YAML says they are, but where the key holds text a
 * number is text: a shell takes away the quotes that would say so. A value that begins with a quote, `{` or `[` is read as
 * YAML (so JSON works); anything else is the text exactly as it stands.
 * @throws ValuesError when there is no key or the quoted value is not complete
 */
export function parseSet(argument: string): SourcedValue {
  const split = argument.indexOf("=");
  const path = argument.slice(0, split).split(".");
  if (split === -1) {
    // What follows the key may be a password with the wrong sign before it.
    const key = /^[A-Za-z0-9_.-]{0,60}/.exec(argument)?.[0] ?? "";
    const form = `${findKey(key.split(".")) === undefined ? "a.b.c" : key}=value`;
    throw refuse("", `the argument has no = after the key (got ${JSON.stringify(key)}), write it as ${form}`);
  }
  if (path.some((key) => key === "")) {
    throw refuse("", `the key has an empty part (got ${quote(argument.slice(0, split))}), write it as a.b.c=value`);
  }
  if (path.length > valuesLimits.depth) {
    throw refuse("", `the key is nested too deeply (got ${path.length} parts), at most ${valuesLimits.depth} are read`);
  }
  const forbidden = path.find((key) => forbiddenKeys.has(key));
  if (forbidden !== undefined) throw refuse(formatPath(path), "the key is not allowed");
  const value = parseSetValue(argument.slice(split + 1), path);
  return path.reduceRight<SourcedValue>(
    (child, key) => ({ keyOrigin: origin, origin, content: new Map([[key, child]]) }),
    value,
  );
}

function parseSetValue(text: string, keys: readonly string[]): SourcedValue {
  const path = formatPath(keys);
  if (/^["'[{]/.test(text)) return withoutPlace(parseQuoted(text, path));
  const second = /, *([A-Za-z][\w.]*)=/.exec(text)?.[1];
  // A password may hold all signs, but hardly one of our keys between them.
  if (second !== undefined && findKey(second.split(".")) !== undefined) {
    throw refuse(path, `a second setting stands after a comma (${second}), give each its own --set`);
  }
  if (text.includes("\0") || !text.isWellFormed()) throw refuse(path, "the value is not valid text");
  // Only what has the form of a number, boolean or null is given to YAML: a text is never cut at a # or a colon.
  const isNull = /^(~|null|Null|NULL)$/.test(text);
  const isOther = /^(true|True|TRUE|false|False|FALSE|[-+.]?[0-9.][-+.0-9a-zA-Z]*)$/.test(text);
  if (isNull || (isOther && !holdsText(keys))) return withoutPlace(parseQuoted(text, path));
  return { keyOrigin: origin, origin, content: text };
}

/** A size is text, too, but a bare number there is told by what it lacks. */
function holdsText(keys: readonly string[]): boolean {
  const key = findKey(keys);
  return key?.type === "string" && !isSize(key.allowed);
}

function parseQuoted(text: string, path: string): SourcedValue {
  try {
    return parseYaml({ name: "--set", text }, "set");
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error;
    const reason = error.issues[0]?.message ?? "not valid YAML";
    throw refuse(path, `${reason}; a value that begins with a quote, [ or { must be complete YAML or JSON`);
  }
}

/** A column inside an argument helps nobody. */
function withoutPlace({ content }: SourcedValue): SourcedValue {
  if (content instanceof Map) {
    const entries = content as ReadonlyMap<string, SourcedValue>;
    return {
      keyOrigin: origin,
      origin,
      content: new Map([...entries].map(([key, child]) => [key, withoutPlace(child)])),
    };
  }
  if (Array.isArray(content)) {
    return { keyOrigin: origin, origin, content: (content as readonly SourcedValue[]).map(withoutPlace) };
  }
  return { keyOrigin: origin, origin, content };
}

function refuse(path: string, message: string): ValuesError {
  return new ValuesError([{ path, message, file: "--set" }]);
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}...` : text);
}
