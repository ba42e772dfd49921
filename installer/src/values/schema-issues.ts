import { describeGot, findKey, listKeysBelow } from "./describe-value.ts";
import { explainText } from "./explain-value.ts";
import { adviseOnKey, joinWithOr } from "./foreign-keys.ts";
import { type Expected, guessChoice, guessMeant, holdsPlaceholder, isSize } from "./meant-value.ts";
import { valueAt } from "./sourced-value.ts";
import { findSchemaErrors, type SchemaError } from "./values-validator.generated.js";

/** Something wrong at a path; `aboutKey` when the key itself is wrong and not its value. */
export interface Finding {
  readonly path: readonly string[];
  readonly message: string;
  readonly aboutKey?: true;
  /** Other values that make this one wrong: shown as the place when this one is only a default. */
  readonly causes?: readonly string[];
}

/** Everything in plain merged values that the schema does not allow, at most one finding for each path. */
export function findSchemaFindings(values: unknown): readonly Finding[] {
  const found = new Map<string, Finding>();
  for (const error of findSchemaErrors(values)) {
    const finding = toFinding(error, values);
    if (finding === undefined) continue;
    const key = JSON.stringify(finding.path);
    if (!found.has(key)) found.set(key, finding);
  }
  return [...found.values()];
}

function toFinding(error: SchemaError, values: unknown): Finding | undefined {
  const path = parsePointer(error.instancePath);
  switch (error.keyword) {
    case "additionalProperties":
      return describeUnknownKey([...path, String(error.params["additionalProperty"])]);
    case "required":
      return { path: [...path, String(error.params["missingProperty"])], message: "is missing" };
    case "propertyNames":
      return {
        path: [...path, String(error.params["propertyName"])],
        message: `the name is not possible, allowed are ${findKey(path)?.names ?? "letters, digits and underscores, not beginning with a digit"}`,
        aboutKey: true,
      };
    default:
      return isAboutPropertyName(error)
        ? undefined
        : { path, message: describeWrongValue(path, valueAt(values, path)) };
  }
}

/** Ajv also reports what it found inside a name; the error on the name says it already. */
function isAboutPropertyName(error: SchemaError): boolean {
  return "propertyName" in error;
}

function describeUnknownKey(path: readonly string[]): Finding {
  // What the values start from is said on the command line, before any file is read.
  if (path.length === 1 && path[0] === "profile") {
    return { path, message: "is not a value, use --profile", aboutKey: true };
  }
  const advice = adviseOnKey(path) ?? `allowed are ${listKeysBelow(path.slice(0, -1)).join(", ")}`;
  return { path, message: `unknown key, ${advice}`, aboutKey: true };
}

function describeWrongValue(path: readonly string[], value: unknown): string {
  const expected = findKey(path) ?? { type: "object", allowed: "a map of keys" };
  const got = describeGot(path, value);
  const isListWrong = expected.type === "array" && value !== null;
  const { wrong, advice } = isListWrong ? explainList(value) : explainValue(path, value, expected);
  return `${wrong} ${got}, ${advice === undefined ? "" : `${advice} `}allowed is ${expected.allowed}`;
}

interface Explanation {
  readonly wrong: string;
  /** What to write instead, up to the sign that ends it. */
  readonly advice?: string | undefined;
}

function explainValue(path: readonly string[], value: unknown, expected: Expected): Explanation {
  const { type, allowed } = expected;
  if (value === null) return { wrong: "has no value", advice: "write one or remove the line;" };
  if (type === "object" || typeof value === "object") {
    const isChartImage = path.at(-1) === "image" && type === "string";
    return {
      wrong: "is of the wrong kind",
      advice: isChartImage ? "write repository:tag as one text;" : adviseOnSection(path, value),
    };
  }
  const meant = guessMeant(value, expected, path);
  const guess = meant.length === 0 ? undefined : `did you mean ${joinWithOr(meant)}?`;
  if (typeof value === "string") {
    if (holdsPlaceholder(value)) {
      return { wrong: "holds a placeholder, and slipway fills in none", advice: "write the value itself;" };
    }
    if (type !== "string") return explainTextForScalar(type, value, guess);
    return { wrong: explainWord(path, value, allowed) ?? "is not allowed", advice: guess };
  }
  if (type !== "string") return { wrong: "is not allowed" };
  if (expected.choices !== undefined) return { wrong: "is not allowed", advice: guess };
  if (typeof value === "number" && isSize(allowed)) return { wrong: "is a number without a unit", advice: guess };
  return { wrong: `is a ${typeof value} and not text`, advice: "put it in quotes;" };
}

function explainList(value: unknown): Explanation {
  if (Array.isArray(value)) return { wrong: "has too many entries" };
  const isPlain = typeof value === "number" || (typeof value === "string" && /^[\w./:-]{1,60}$/.test(value));
  return { wrong: "is not a list", advice: isPlain ? `write it as [${value}];` : undefined };
}

/** `casdoor: off` for its mode, and `storage: 50Gi` where a map has no other key. */
function adviseOnSection(path: readonly string[], value: unknown): string | undefined {
  if (typeof value === "object") return undefined;
  const [key = "", ...others] = listKeysBelow(path);
  const choices = findKey([...path, "mode"])?.choices ?? [];
  const [mode] = guessChoice(value, choices);
  if (mode !== undefined) return `did you mean ${[...path, "mode"].join(".")}: ${mode}?`;
  return others.length === 0 && key !== "" && key !== "*" ? `write it as ${[...path, key].join(".")};` : undefined;
}

function explainWord(path: readonly string[], value: string, allowed = ""): string | undefined {
  const isComponentOff = value === "off" && path.length === 2 && path[1] === "mode";
  return isComponentOff
    ? "cannot be off because the platform does not work without it"
    : explainText(path, value, allowed);
}

function explainTextForScalar(type: string, value: string, guess: string | undefined): Explanation {
  if (type === "boolean" && /^(y|n|yes|no|on|off)$/i.test(value)) {
    return { wrong: "is text, because YAML 1.2 does not read yes, no, on and off as booleans" };
  }
  const wrong = `is text where ${type === "boolean" ? "true or false" : "a number"} belongs`;
  // Only then is the quote the mistake, and there is one.
  const fitsBare = type === "boolean" ? /^(true|false)$/.test(value) : /^-?[0-9]+(\.[0-9]+)?$/.test(value);
  return { wrong, advice: fitsBare ? "write it without quotes;" : guess };
}

function parsePointer(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
