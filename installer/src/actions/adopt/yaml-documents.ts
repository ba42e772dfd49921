import { parseAllDocuments } from "yaml";
import { type Fields, fieldsOf, hasFields } from "../../language/fields.ts";
import type { Problems } from "./refusal.ts";

const aliases = 200;

/** Every document of a YAML text that holds keys and values; problems name the file and the line, never what stands there. */
export function readDocuments(name: string, text: string, problems: Problems): readonly Fields[] {
  try {
    return parseAllDocuments(text, { uniqueKeys: true, logLevel: "silent", prettyErrors: true }).flatMap((document) => {
      const [error] = document.errors;
      if (error !== undefined) {
        problems.add(
          `${name}:${error.linePos?.[0].line ?? 1} is not YAML: ${error.code.toLowerCase().replaceAll("_", " ")}`,
        );
        return [];
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
