import { isAlias, isMap, isScalar, isSeq, type Pair, type ParsedNode } from "yaml";
import { type Origin, type Scalar, type SourcedValue, forbiddenKeys, formatPath } from "./sourced-value.ts";

/** Something that a values file may not hold, with the place where it stands. */
export class YamlRefusal extends Error {
  readonly offset: number;
  readonly path: string;

  constructor(offset: number, message: string, path = "") {
    super(message);
    this.offset = offset;
    this.path = path;
  }
}

interface Limits {
  readonly depth: number;
  readonly nodes: number;
}

/**
 * Turns a composed document into plain values with origins; aliases are expanded within the limits.
 * @throws YamlRefusal at the first thing that a values file may not hold
 */
export function toSourcedValue(
  contents: ParsedNode | null,
  limits: Limits,
  originAt: (offset: number) => Origin,
): SourcedValue {
  return new Conversion(limits, originAt).convert(contents, { keyOffset: 0, path: [] });
}

interface Place {
  readonly keyOffset: number;
  readonly path: readonly string[];
}

class Conversion {
  private readonly limits: Limits;
  private readonly originAt: (offset: number) => Origin;
  private readonly anchors = new Map<string, ParsedNode>();
  private nodes = 0;

  constructor(limits: Limits, originAt: (offset: number) => Origin) {
    this.limits = limits;
    this.originAt = originAt;
  }

  convert(node: ParsedNode | null, place: Place): SourcedValue {
    const offset = node === null ? place.keyOffset : node.range[0];
    this.nodes += 1;
    if (this.nodes > this.limits.nodes) {
      throw new YamlRefusal(offset, `the file holds too many values, at most ${this.limits.nodes} are read`);
    }
    if (place.path.length > this.limits.depth) {
      throw new YamlRefusal(offset, `the file is nested too deeply, at most ${this.limits.depth} levels are read`);
    }
    if (isAlias(node)) return this.expandAlias(node.source, offset, place);
    if (node?.anchor !== undefined) this.anchors.set(node.anchor, node);
    return {
      keyOrigin: this.originAt(place.keyOffset),
      origin: this.originAt(offset),
      content: this.convertContent(node, offset, place),
    };
  }

  private convertContent(node: ParsedNode | null, offset: number, place: Place): SourcedValue["content"] {
    if (isMap<ParsedNode, ParsedNode | null>(node)) return this.convertMap(node.items, place);
    if (isSeq<ParsedNode>(node)) {
      return node.items.map((item, index) =>
        this.convert(item, { keyOffset: item.range[0], path: [...place.path, String(index)] }),
      );
    }
    return isScalar(node) ? checkScalar(node.value, offset, place.path) : null;
  }

  private convertMap(items: readonly Pair<ParsedNode, ParsedNode | null>[], place: Place) {
    const entries = new Map<string, SourcedValue>();
    for (const { key, value } of items) {
      const keyOffset = key.range[0];
      const name = checkKey(key, place.path);
      const path = [...place.path, name];
      if (entries.has(name))
        throw new YamlRefusal(keyOffset, "the key is given twice in the same map", formatPath(path));
      entries.set(name, this.convert(value, { keyOffset, path }));
    }
    return entries;
  }

  private expandAlias(name: string, offset: number, place: Place): SourcedValue {
    const target = this.anchors.get(name);
    if (target !== undefined) return this.convert(target, place);
    const path = formatPath(place.path);
    throw new YamlRefusal(
      offset,
      "the alias (*name) has no anchor (&name) before it, quote text that begins with *",
      path,
    );
  }
}

function checkKey(key: ParsedNode, path: readonly string[]): string {
  const offset = key.range[0];
  const name: unknown = isScalar(key) ? key.value : undefined;
  if (typeof name !== "string") throw new YamlRefusal(offset, explainKey(key), formatPath(path));
  if (name === "<<") {
    throw new YamlRefusal(offset, "merge keys (<<) are not supported, write the keys out", formatPath(path));
  }
  if (forbiddenKeys.has(name)) throw new YamlRefusal(offset, "the key is not allowed", formatPath([...path, name]));
  refuseUnprintable(name, offset, path);
  return name;
}

/** To YAML, `{{ name }}` is a map whose key is a map with a key alone. */
function explainKey(key: ParsedNode): string {
  return isMap(key) && key.items.every(({ value }) => value === null)
    ? "{{ ... }} is a placeholder, and slipway fills in none, write the value itself"
    : "a key is not text, put it in quotes if it is meant";
}

function checkScalar(value: unknown, offset: number, path: readonly string[]): Scalar {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return value;
    throw new YamlRefusal(offset, "the number is not finite, put it in quotes if text is meant", formatPath(path));
  }
  if (typeof value !== "string") throw new YamlRefusal(offset, "the value is of an unknown kind", formatPath(path));
  refuseUnprintable(value, offset, path);
  return value;
}

/** No file, environment or socket can carry these, so they would come out as something else. */
function refuseUnprintable(text: string, offset: number, path: readonly string[]): void {
  if (text.includes("\0")) {
    throw new YamlRefusal(offset, "the text holds a NUL character, which nothing can carry", formatPath(path));
  }
  if (!text.isWellFormed()) {
    throw new YamlRefusal(offset, "the text holds half a surrogate pair, which is not valid Unicode", formatPath(path));
  }
}
