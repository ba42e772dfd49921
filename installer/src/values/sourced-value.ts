/** Which layer a value came from; later ones in this list win. */
export type ValuesLayer = "defaults" | "profile" | "file" | "set";

/** Where a value was written; `line` and `column` are 1-based and absent for `--set`. */
export interface Origin {
  readonly layer: ValuesLayer;
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export type Scalar = string | number | boolean | null;

/** A value that knows where it was written; maps and lists hold further ones. */
export interface SourcedValue {
  /** Where the key stands, for complaints about the key itself. */
  readonly keyOrigin: Origin;
  readonly origin: Origin;
  readonly content: Scalar | readonly SourcedValue[] | ReadonlyMap<string, SourcedValue>;
}

/** Keys that would reach into JavaScript's object machinery; no layer may hold them. */
export const forbiddenKeys: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Whether the content is a map. */
export function isSourcedMap(content: SourcedValue["content"]): content is ReadonlyMap<string, SourcedValue> {
  return content instanceof Map;
}

function isSourcedList(content: SourcedValue["content"]): content is readonly SourcedValue[] {
  return Array.isArray(content);
}

/** The value without its origins, as plain objects, arrays and scalars. */
export function toPlainValue({ content }: SourcedValue): unknown {
  if (isSourcedMap(content)) {
    return Object.fromEntries([...content].map(([key, child]) => [key, toPlainValue(child)]));
  }
  return isSourcedList(content) ? content.map(toPlainValue) : content;
}

/** The value at a path, or the nearest one above it that exists. */
export function findNearestValue(root: SourcedValue, path: readonly string[]): SourcedValue {
  let current = root;
  for (const key of path) {
    const next = isSourcedMap(current.content)
      ? current.content.get(key)
      : isSourcedList(current.content)
        ? current.content[Number(key)]
        : undefined;
    if (next === undefined) return current;
    current = next;
  }
  return current;
}

/** A value that holds no keys of its own, with its path. */
export interface Leaf {
  readonly path: readonly string[];
  readonly value: SourcedValue;
}

/** Every leaf, in the order in which they stand; an empty map is one, too. */
export function listLeaves(value: SourcedValue, path: readonly string[] = []): readonly Leaf[] {
  if (!isSourcedMap(value.content) || value.content.size === 0) return [{ path, value }];
  return [...value.content].flatMap(([key, child]) => listLeaves(child, [...path, key]));
}

/** Where each leaf came from, by its path as it is shown to people. */
export function listProvenance(root: SourcedValue): ReadonlyMap<string, Origin> {
  return new Map(listLeaves(root).map(({ path, value }) => [formatPath(path), value.origin]));
}

/** What plain values hold at a path; undefined where there is nothing. */
export function valueAt(values: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, key)
        ? (value as Readonly<Record<string, unknown>>)[key]
        : undefined,
    values,
  );
}

/** A path for people: `postgres.external.host`; keys with odd characters stand in brackets and quotes. */
export function formatPath(path: readonly string[]): string {
  return path
    .map((key, index) => {
      if (/^[A-Za-z0-9_-]{1,64}$/.test(key)) return index === 0 ? key : `.${key}`;
      return `[${JSON.stringify(key.length > 64 ? `${key.slice(0, 61)}...` : key)}]`;
    })
    .join("");
}
