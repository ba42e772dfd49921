import { describeGot, findKey, listKeysBelow } from "./describe-value.ts";
import { explainText } from "./explain-value.ts";
import { suggestKey } from "./suggest-key.ts";
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
        message: "the name is not possible, allowed are letters, digits and underscores, not beginning with a digit",
        aboutKey: true,
      };
    default:
      return isAboutPropertyName(error) ? undefined : { path, message: describeWrongValue(path, readAt(values, path)) };
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
  const known = listKeysBelow(path.slice(0, -1));
  const suggestion = suggestKey(path.at(-1) ?? "", known);
  const advice = suggestion === undefined ? `allowed are ${known.join(", ")}` : `did you mean ${suggestion}?`;
  return { path, message: `unknown key, ${advice}`, aboutKey: true };
}

function describeWrongValue(path: readonly string[], value: unknown): string {
  const key = findKey(path);
  const type = key?.type ?? "object";
  const allowed = `allowed is ${key?.allowed ?? "a map of keys"}`;
  const got = describeGot(path, value);
  if (value === null) return `has no value ${got}, write one or remove the line; ${allowed}`;
  if (type === "object" || typeof value === "object") return `is of the wrong kind ${got}, ${allowed}`;
  if (typeof value !== "string") {
    if (type !== "string") return `is not allowed ${got}, ${allowed}`;
    return `is a ${typeof value} and not text ${got}, put it in quotes; ${allowed}`;
  }
  if (type !== "string") return describeTextForScalar(type, value, got, allowed);
  return `${explainWord(path, value, key?.allowed) ?? "is not allowed"} ${got}, ${allowed}`;
}

function explainWord(path: readonly string[], value: string, allowed = ""): string | undefined {
  const isComponentOff = value === "off" && path.length === 2 && path[1] === "mode";
  return isComponentOff
    ? "cannot be off because the platform does not work without it"
    : explainText(path, value, allowed);
}

function describeTextForScalar(type: string, value: string, got: string, allowed: string): string {
  if (type === "boolean" && /^(y|n|yes|no|on|off)$/i.test(value)) {
    return `is text, because YAML 1.2 does not read yes, no, on and off as booleans ${got}, ${allowed}`;
  }
  const kind = type === "boolean" ? "true or false" : "a number";
  return `is text where ${kind} belongs ${got}, write it without quotes; ${allowed}`;
}

function readAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined),
    values,
  );
}

function parsePointer(pointer: string): readonly string[] {
  return pointer
    .split("/")
    .slice(1)
    .map((part) => part.replaceAll("~1", "/").replaceAll("~0", "~"));
}
