import { type Document, isScalar, LineCounter, parseAllDocuments, visit } from "yaml";
import { type Fields, fieldsOf, hasFields } from "../../language/fields.ts";
import type { Problems } from "./refusal.ts";

const aliases = 200;

/** Every document of a YAML text that holds keys and values; problems name the file and the line, never what stands there. */
export function readDocuments(name: string, text: string, problems: Problems): readonly Fields[] {
  const lines = new LineCounter();
  try {
    // The library compares each key with each, which takes for ever where there are many.
    const options = { uniqueKeys: false, merge: true, logLevel: "silent", lineCounter: lines } as const;
    return [...parseAllDocuments(text, options)].flatMap((document) => {
      const [error] = document.errors;
      if (error !== undefined) {
        const why = error.code.toLowerCase().replaceAll("_", " ");
        problems.add(`${name}:${lines.linePos(error.pos[0]).line} is not YAML: ${why}`);
        return [];
      }
      for (const offset of repeatedKeys(document)) {
        problems.add(`${name}:${lines.linePos(offset).line} has a key that is there before`);
      }
      const value: unknown = document.toJS({ maxAliasCount: aliases });
      if (hasFields(value)) return [value];
      if (value !== null) problems.add(`${name} holds something else than keys and values`);
      return [];
    });
  } catch {
    // Too deep, or more aliases than a file that a person wrote.
    problems.add(`${name} cannot be read: it is nested too deeply, or multiplies itself`);
    return [];
  }
}

/** Where keys stand that their map has already: of two values nobody knows which was meant. */
function repeatedKeys(document: Document): readonly number[] {
  const found: number[] = [];
  visit(document, {
    Map: (_key, map) => {
      const seen = new Set<unknown>();
      for (const { key } of map.items) {
        if (!isScalar(key)) continue;
        if (seen.has(key.value)) found.push(key.range?.[0] ?? 0);
        seen.add(key.value);
      }
    },
  });
  return found;
}

/** The value at a dotted path; undefined where there is none. */
export function valueAt(fields: Fields, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => fieldsOf(value)[key], fields);
}

/** A text, number or switch at a dotted path, as a text; the empty text where there is none. */
export function textAt(fields: Fields, path: string): string {
  const value = valueAt(fields, path);
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean" ? String(value) : "";
}

/** The entries of a list that are maps. */
export function listAt(fields: Fields, path: string): readonly Fields[] {
  const value = valueAt(fields, path);
  return Array.isArray(value) ? value.filter(hasFields) : [];
}
