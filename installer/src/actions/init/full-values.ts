import { stringify } from "yaml";
import { hasFields } from "../../language/fields.ts";
import { findKey } from "../../values/describe-value.ts";
import type { SchemaWords } from "../../values/schema-words.ts";

type WordsOf = (path: readonly string[]) => SchemaWords | undefined;

/**
 * The text of a values file with every setting and what it means: what is given stands as a setting, everything else as a comment
 * with its default. Without the # at the beginning of a line, and of the lines of the sections it stands in, a comment is a setting.
 */
export function fullValuesText(defaults: unknown, given: unknown, wordsOf: WordsOf): string {
  return `${sectionLines({ path: [], defaults, given }, wordsOf).join("\n")}\n`;
}

interface Place {
  readonly path: readonly string[];
  readonly defaults: unknown;
  readonly given: unknown;
}

function sectionLines({ path, defaults, given }: Place, wordsOf: WordsOf): readonly string[] {
  const preset = hasFields(defaults) ? defaults : {};
  const own = hasFields(given) ? given : {};
  return [...new Set([...Object.keys(preset), ...Object.keys(own)])].flatMap((key) => {
    const place = { path: [...path, key], defaults: preset[key], given: own[key] };
    const lines = settingLines(place, wordsOf);
    return path.length === 0 ? [...lines, ""] : lines;
  });
}

function settingLines(place: Place, wordsOf: WordsOf): readonly string[] {
  const { path, defaults, given } = place;
  const indent = "  ".repeat(path.length - 1);
  const key = path.at(-1) ?? "";
  const isSection = hasFields(defaults) && Object.keys(defaults).length > 0;
  const setting = `${indent}${key}:${isSection ? "" : ` ${asYaml(given ?? defaults)}`}`;
  return [
    ...aboutLines(path, isSection, wordsOf).map((line) => `${indent}## ${line}`),
    given === undefined ? `#${setting}` : setting,
    ...(isSection ? sectionLines(place, wordsOf) : []),
  ];
}

function aboutLines(path: readonly string[], isSection: boolean, wordsOf: WordsOf): readonly string[] {
  const description = wordsOf(path)?.description;
  const allowed = isSection ? undefined : findKey(path)?.allowed;
  return [
    ...(description === undefined ? [] : [description]),
    ...(allowed === undefined ? [] : [`Allowed: ${allowed}.`]),
  ];
}

/** On one line. */
function asYaml(value: unknown): string {
  const text = typeof value === "object" ? JSON.stringify(value) : stringify(value, { lineWidth: 0 }).trimEnd();
  return text.includes("\n") ? JSON.stringify(value) : text;
}
