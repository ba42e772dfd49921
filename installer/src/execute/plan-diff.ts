import { canonicalJson } from "./digest.ts";
import type { Component, Job, Plan } from "../plan/model.ts";

const longestShown = 40;

/** Prefixes that tell a reader nothing. */
const prefixes = /^(workload\.container\.|workload\.|container\.)/;

/** How a component or job changed from one plan to another, field by field: `resources.memoryMiB 512 → 1024`. */
export function describeChanges(before: Component | Job | undefined, after: Component | Job): readonly string[] {
  return before === undefined ? ["new"] : describeFields(before, after);
}

/** What differs between two values of the same shape, a line for each field. */
export function describeFields(before: unknown, after: unknown): readonly string[] {
  return changedFields(before, after).map(({ path, from, to }) => {
    const name = path.replace(prefixes, "");
    if (from === undefined) return `${name} added: ${to ?? ""}`;
    return to === undefined ? `${name} removed: ${from}` : `${name} ${from} → ${to}`;
  });
}

/** What of a plan's settings changed; it touches every component. */
export function settingsChanges(before: Plan | undefined, after: Plan): readonly string[] {
  if (before === undefined) return [];
  return changedFields(before.settings, after.settings).map(
    ({ path, from, to }) => `settings.${path} ${from ?? "nothing"} → ${to ?? "nothing"}`,
  );
}

interface FieldChange {
  readonly path: string;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

function changedFields(before: unknown, after: unknown, path = ""): readonly FieldChange[] {
  if (isPlain(before) && isPlain(after)) {
    const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
    return keys.flatMap((key) => changedFields(before[key], after[key], path === "" ? key : `${path}.${key}`));
  }
  if (Array.isArray(before) && Array.isArray(after)) return changedItems(before, after, path);
  const [from, to] = [show(before), show(after)];
  return from === to ? [] : [{ path, from, to }];
}

/** Items with a name of their own are compared by it, so that an inserted one does not shift the rest. */
function changedItems(before: readonly unknown[], after: readonly unknown[], path: string): readonly FieldChange[] {
  if (![...before, ...after].every((item) => itemName(item) !== undefined)) {
    const [from, to] = [showList(before), showList(after)];
    return from === to ? [] : [{ path, from: shorten(from), to: shorten(to) }];
  }
  const named = (items: readonly unknown[]): ReadonlyMap<string, unknown> =>
    new Map(items.map((item) => [itemName(item) ?? "", item]));
  const [old, fresh] = [named(before), named(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].sort().flatMap((name) => {
    const [from, to] = [old.get(name), fresh.get(name)];
    if (from === undefined) return [{ path: `${path}[${name}]`, from: undefined, to: describeItem(to) }];
    if (to === undefined) return [{ path: `${path}[${name}]`, from: describeItem(from), to: undefined }];
    // Contents of files are long; that they changed says enough.
    if (isPlain(from) && "contents" in from) {
      return canonicalJson(from) === canonicalJson(to)
        ? []
        : [{ path: `${path}[${name}]`, from: "old contents", to: "new contents" }];
    }
    return changedFields(from, to, `${path}[${name}]`);
  });
}

function itemName(item: unknown): string | undefined {
  if (!isPlain(item)) return undefined;
  for (const key of ["id", "name", "path", "volume", "component", "job", "hostPort"]) {
    const value = item[key];
    if (typeof value === "string" || typeof value === "number") return String(value);
  }
  return undefined;
}

/** Text made of literals only reads as that text. */
function showList(items: readonly unknown[]): string {
  const [only] = items;
  return items.length === 1 && typeof only === "string" ? only : canonicalJson(items);
}

function describeItem(item: unknown): string {
  return isPlain(item) && "value" in item ? (show(item["value"]) ?? "") : (itemName(item) ?? "");
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string | undefined {
  if (value === undefined) return undefined;
  return shorten(typeof value === "string" ? value : Array.isArray(value) ? showList(value) : canonicalJson(value));
}

function shorten(text: string): string {
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`;
}
