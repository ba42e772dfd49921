import { ValuesError, type ValuesIssue } from "../errors/installer-error.ts";
import { valuesLimits } from "./parse-values.ts";
import { clusterRules } from "./rules/cluster-rules.ts";
import { externalRules } from "./rules/external-rules.ts";
import { nameRules } from "./rules/name-rules.ts";
import { networkRules } from "./rules/network-rules.ts";
import type { Rule } from "./rules/rule.ts";
import { sizeRules } from "./rules/size-rules.ts";
import { type Finding, findSchemaFindings } from "./schema-issues.ts";
import type { Section } from "./section.ts";
import { sortIssues } from "./sort-issues.ts";
import { type SourcedValue, findNearestValue, formatPath, toPlainValue } from "./sourced-value.ts";
import type { Values } from "./values.generated.ts";

/** Every rule between fields: those for all, and what the components' own sections have to obey. */
function rulesOf(sections: readonly Section[]): readonly Rule[] {
  return [
    ...networkRules(sections),
    ...externalRules(sections),
    ...sizeRules(sections),
    ...nameRules,
    ...clusterRules(sections),
    ...sections.flatMap(({ rules = [] }) => rules),
  ];
}

/**
 * Checks merged values against the schema and every rule between fields.
 * @throws ValuesError with all problems at once
 */
export function validateValues(merged: SourcedValue, sections: readonly Section[]): Values {
  const values = toPlainValue(merged);
  const schemaFindings = findSchemaFindings(values);
  const findings = [...schemaFindings, ...checkRules(values as Values, rulesOf(sections), schemaFindings)];
  if (findings.length > 0) throw new ValuesError(toIssues(findings, merged));
  return values as Values;
}

/** Whether values of the right form obey every rule between fields. */
export function obeyRules(values: Values, sections: readonly Section[]): boolean {
  return checkRules(values, rulesOf(sections), []).length === 0;
}

/** Runs each rule whose parts fit the schema, so that one wrong key does not hide the others. */
function checkRules(values: Values, rules: readonly Rule[], schemaFindings: readonly Finding[]): readonly Finding[] {
  const broken = schemaFindings.filter((finding) => finding.aboutKey !== true).map(({ path }) => path.join("."));
  return rules
    .filter((rule) => !rule.reads.some((read) => broken.some((path) => overlaps(path, read))))
    .flatMap((rule) => rule.check(values));
}

function overlaps(path: string, other: string): boolean {
  return path === "" || path === other || path.startsWith(`${other}.`) || other.startsWith(`${path}.`);
}

function toIssues(findings: readonly Finding[], merged: SourcedValue): readonly ValuesIssue[] {
  const issues = sortIssues(findings.map((finding) => toIssue(finding, merged))).slice(0, valuesLimits.issues);
  const left = findings.length - issues.length;
  return left === 0 ? issues : [...issues, { path: "", message: `and ${left} more problems` }];
}

function toIssue(finding: Finding, merged: SourcedValue): ValuesIssue {
  const path = formatPath(finding.path);
  const places = [finding.path, ...(finding.causes ?? []).map((cause) => cause.split("."))]
    .map((keys) => findNearestValue(merged, keys))
    .map(({ keyOrigin, origin }) => (finding.aboutKey === true ? keyOrigin : origin));
  // Nobody can edit a default: the place to look at is what the reader wrote.
  const written = places.find(({ layer }) => layer !== "defaults");
  if (written === undefined) return { path, message: finding.message };
  return { path, message: finding.message, file: written.file, line: written.line, column: written.column };
}
