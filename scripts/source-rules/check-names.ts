import type { NameRule } from "./name-rules.ts";
import { wordsOf } from "./words.ts";

/** A source file by its path below `installer/src`. */
export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every word that stands where it may not, and every exemption that allows more than there is. */
export function checkNames(rule: NameRule, sources: readonly Source[]): readonly string[] {
  const found = sources.filter(({ path }) => !rule.home(path)).flatMap((source) => problemsIn(rule, source));
  const paths = new Set(sources.map(({ path }) => path));
  const gone = Object.keys(rule.exemptions).filter((path) => !paths.has(path));
  return [...found, ...gone.map((path) => `${path}: is exempt and not there: remove the exemption`)];
}

function problemsIn(rule: NameRule, { path, text }: Source): readonly string[] {
  const words = wordsOf(text, rule.words, rule.allowed);
  const exempt = rule.exemptions[path]?.count ?? 0;
  if (words.length > exempt) {
    const beyond = exempt === 0 ? "" : ` (${exempt} are exempt, there are ${words.length})`;
    return words.map(({ word, line }) => `${path}:${line} holds ${word}${beyond}: ${rule.about}`);
  }
  if (words.length === exempt) return [];
  return [`${path}: ${exempt} are exempt, there are ${words.length}: lower the exemption`];
}
