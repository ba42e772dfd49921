import { hasFields } from "../language/fields.ts";
import { valuesKeys, type ValuesKey } from "./values-keys.generated.ts";

/** What a key of the values may hold; undefined when there is no such key. */
export function findKey(path: readonly string[]): ValuesKey | undefined {
  return lookUp(path.join(".")) ?? lookUp([...path.slice(0, -1), "*"].join("."));
}

function lookUp(path: string): ValuesKey | undefined {
  return Object.hasOwn(valuesKeys, path) ? valuesKeys[path] : undefined;
}

/** Every key that has a name; with `settable` those that hold a value and no further keys. */
export function keysOfValues({ settable = false } = {}): readonly string[] {
  const named = Object.keys(valuesKeys).filter((key) => !key.includes("*"));
  return settable ? named.filter((key) => valuesKeys[key]?.type !== "object") : named;
}

/** The names that exist directly below a path. */
export function listKeysBelow(path: readonly string[]): readonly string[] {
  const prefix = path.length === 0 ? "" : `${path.join(".")}.`;
  return Object.keys(valuesKeys)
    .filter((key) => key.startsWith(prefix) && !key.slice(prefix.length).includes("."))
    .map((key) => key.slice(prefix.length));
}

/** Whether the value may be a secret, also by mistake: people write a password where its file's name belongs. */
export function isSecretPath(path: readonly string[]): boolean {
  return findKey(path)?.secret === true || /password|secret|token|key/i.test(path.at(-1) ?? "");
}

/** The value as it may stand in a message: short, and never a secret. */
export function describeGot(path: readonly string[], value: unknown): string {
  if (value === null) return "(got nothing)";
  if (Array.isArray(value)) return "(got a list)";
  if (typeof value === "object") return "(got a map)";
  if (isSecretPath(path)) return typeof value === "string" ? "(the value is not shown)" : `(got a ${typeof value})`;
  return `(got ${asText(value)})`;
}

/** A value on one line, as it would be written; a secret is not shown. */
export function showValue(path: readonly string[], value: unknown): string {
  if (isHidden(path, value)) return notShown;
  const text = asText(value);
  return /^"[\w.:/@%+=*,-]+"$/.test(text) ? text.slice(1, -1) : text;
}

/** Values as they were given, with no secret among them. */
export function hideSecrets(value: unknown, path: readonly string[] = []): unknown {
  if (hasFields(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, hideSecrets(child, [...path, key])]));
  }
  return isHidden(path, value) ? notShown : value;
}

const notShown = "(not shown)";

/** A number may be a password, too: what was recorded by hand is not checked before it is shown. */
function isHidden(path: readonly string[], value: unknown): boolean {
  const isSaid = value !== null && typeof value !== "object" && value !== "";
  return isSaid && isSecretPath(path) && !isPlace(path, value);
}

/** Where a secret lies is none. */
function isPlace(path: readonly string[], value: unknown): boolean {
  return path.at(-1)?.endsWith("File") === true && typeof value === "string" && /^\/[\w./-]{1,200}$/.test(value);
}

function asText(value: unknown): string {
  const text = JSON.stringify(value) as string | undefined;
  return shorten(withoutPasswords(text ?? typeof value));
}

/** A URL may carry a password before its host name. */
function withoutPasswords(text: string): string {
  return text.replace(/\/\/[^/\s]*@/g, "//***@");
}

/** The text, cut when it is too long for one line. */
function shorten(text: string): string {
  return text.length > 80 ? `${text.slice(0, 60)}... (${text.length} characters)` : text;
}
