import { type Origin, type Scalar, type SourcedValue, type ValuesLayer, isSourcedMap } from "./sourced-value.ts";

/** A value as plain JSON, short: line and column of its key, line and column of itself, then a scalar, a list or the entries of a map. */
export type PackedValue = readonly [number, number, number, number, PackedContent];
type PackedContent =
  | Scalar
  | { readonly list: readonly PackedValue[] }
  | { readonly map: readonly (readonly [string, PackedValue])[] };

/** Packs what was read from a YAML text, so that the shipped program need not read it again at every start. */
export function packValue({ keyOrigin, origin, content }: SourcedValue): PackedValue {
  const { line = 0, column = 0 } = origin;
  return [keyOrigin.line ?? 0, keyOrigin.column ?? 0, line, column, packContent(content)];
}

function packContent(content: SourcedValue["content"]): PackedContent {
  if (isSourcedMap(content)) return { map: [...content].map(([key, value]) => [key, packValue(value)]) };
  if (Array.isArray(content)) return { list: (content as readonly SourcedValue[]).map(packValue) };
  return content as Scalar;
}

/** The value that was packed, as if the text had been read now. */
export function unpackValue(packed: PackedValue, file: string, layer: ValuesLayer): SourcedValue {
  const at = (line: number, column: number): Origin => ({ layer, file, line, column });
  function unpack([keyLine, keyColumn, line, column, content]: PackedValue): SourcedValue {
    return { keyOrigin: at(keyLine, keyColumn), origin: at(line, column), content: unpackContent(content) };
  }
  function unpackContent(content: PackedContent): SourcedValue["content"] {
    if (content === null || typeof content !== "object") return content;
    if ("list" in content) return content.list.map(unpack);
    return new Map(content.map.map(([key, value]) => [key, unpack(value)]));
  }
  return unpack(packed);
}
