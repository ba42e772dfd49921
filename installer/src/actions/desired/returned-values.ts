import { canonicalJson } from "../../execute/digest.ts";
import { showValue } from "../../values/describe-value.ts";
import type { LoadedValues } from "../../values/load-values.ts";
import type { ValuesText } from "../../values/parse-values.ts";
import { formatPath, listLeaves, type SourcedValue, toPlainValue, valueAt } from "../../values/sourced-value.ts";
import { parseIfPossible } from "./values-files.ts";

/** A recorded value that nothing gives any more, so that its default or that of the profile holds again. */
export interface ReturnedValue {
  readonly path: string;
  /** As it was, for people; a secret is not shown. */
  readonly from: string;
  readonly to: string;
}

/** What was recorded and is not given any more, where that makes a difference. */
export function returnedValues(
  recorded: ValuesText,
  { values, given }: Pick<LoadedValues, "values" | "given">,
): readonly ReturnedValue[] {
  const before = parseIfPossible(recorded);
  if (before === undefined) return [];
  return listLeaves(before).flatMap(({ path, value }) => {
    const now = valueAt(values, path);
    if (now === undefined || valueAt(given, path) !== undefined || isSame(value, now)) return [];
    return [{ path: formatPath(path), from: showValue(path, toPlainValue(value)), to: showValue(path, now) }];
  });
}

/** One line that names them all. */
export function describeReturned(returned: readonly ReturnedValue[]): string {
  const each = returned.map(({ path, from, to }) => `${path} ${from} → ${to}`);
  return `recorded values that are not given any more, with what holds again: ${each.join(", ")}`;
}

function isSame(value: SourcedValue, other: unknown): boolean {
  return canonicalJson(toPlainValue(value)) === canonicalJson(other);
}
