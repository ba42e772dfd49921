import { ValuesError, type ValuesIssue } from "../errors/installer-error.ts";
import { mergeValues } from "./merge-values.ts";
import { parseSet } from "./parse-set.ts";
import { type ValuesText, parseValues } from "./parse-values.ts";
import type { Section } from "./section.ts";
import { sortIssues } from "./sort-issues.ts";
import {
  type Leaf,
  listLeaves,
  listProvenance,
  type Origin,
  type SourcedValue,
  toPlainValue,
} from "./sourced-value.ts";
import { validateValues } from "./validate-values.ts";
import type { Values } from "./values.generated.ts";

/** A text that was read already, when the program was built. */
export interface ReadText {
  readonly name: string;
  readonly value: SourcedValue;
}

export interface ValuesSources {
  readonly defaults: ValuesText | ReadText;
  readonly profile?: ValuesText | ReadText | undefined;
  /** The user's files, later ones over earlier ones. */
  readonly files?: readonly ValuesText[] | undefined;
  /** The arguments of `--set`, each `a.b.c=value`. */
  readonly sets?: readonly string[] | undefined;
}

export interface LoadedValues {
  readonly values: Values;
  /** Where each leaf came from, by its dotted path. */
  readonly provenance: () => ReadonlyMap<string, Origin>;
  /** Every value in effect, each with where it came from. */
  readonly leaves: () => readonly Leaf[];
  /** What files and `--set` say, merged, without defaults and profile. */
  readonly given: unknown;
}

/**
 * Lays defaults, profile, files and `--set` over each other and checks the result; `sections` are what components say about theirs.
 * @throws ValuesError with all problems; when a text cannot be read at all, with those of every text
 */
export function loadValues(sources: ValuesSources, sections: readonly Section[]): LoadedValues {
  const { profile, files = [], sets = [] } = sources;
  const issues: ValuesIssue[] = [];
  const base = [sources.defaults, ...(profile === undefined ? [] : [profile])];
  const below = base.map((source, index) =>
    "value" in source ? source.value : collect(issues, () => parseValues(source, index === 0 ? "defaults" : "profile")),
  );
  const above = [
    ...files.map((text) => collect(issues, () => parseValues(text, "file"))),
    ...sets.map((argument) => collect(issues, () => parseSet(argument))),
  ];
  if (issues.length > 0) throw new ValuesError(sortIssues(issues));
  const merged = mergeValues([emptyMap, ...below, ...above]);
  return {
    values: withRemedy(profile?.name, () => validateValues(merged, sections)),
    provenance: () => listProvenance(merged),
    leaves: () => listLeaves(merged),
    given: toPlainValue(mergeValues([emptyMap, ...above])),
  };
}

/** What a profile asks for and does not have is the reader's to give; the profile is not theirs to edit. */
function withRemedy<T>(profile: string | undefined, validate: () => T): T {
  try {
    return validate();
  } catch (error) {
    if (!(error instanceof ValuesError) || !error.issues.some(({ file }) => file !== undefined && file === profile)) {
      throw error;
    }
    throw new ValuesError(error.issues, {
      hint: "give what the profile leaves open in a values file (-f) or with --set; slipway explain KEY says what it is",
    });
  }
}

const nowhere: Origin = { layer: "defaults", file: "defaults" };
const emptyMap: SourcedValue = { keyOrigin: nowhere, origin: nowhere, content: new Map() };

function collect(issues: ValuesIssue[], parse: () => SourcedValue): SourcedValue {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ValuesError)) throw error;
    issues.push(...error.issues);
    return emptyMap;
  }
}
