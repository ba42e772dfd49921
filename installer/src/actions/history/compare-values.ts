import { canonicalJson } from "../../execute/digest.ts";
import { isSecretPath, showValue } from "../../values/describe-value.ts";
import { formatPath, listLeaves, toPlainValue } from "../../values/sourced-value.ts";
import { parseIfPossible } from "../desired/values-files.ts";

/** A value that was given otherwise, or only one time. */
export interface ValueDifference {
  readonly path: string;
  /** As it would be written; absent where it was not given. Of a secret it says only that there is one. */
  readonly from?: string;
  readonly to?: string;
}

/** What of the values that a person gave differs between two records of them, by path; secrets are never shown. */
export function compareValues(before: string, after: string): readonly ValueDifference[] {
  const [old, fresh] = [leavesOf(before), leavesOf(after)];
  return [...new Set([...old.keys(), ...fresh.keys()])].toSorted().flatMap((path) => {
    const [from, to] = [old.get(path), fresh.get(path)];
    if (from?.exact === to?.exact) return [];
    return [{ path, ...(from && { from: from.shown }), ...(to && { to: to.shown }) }];
  });
}

/** `ports.http 8080 → 9090`; where both look alike, only that it changed. */
export function describeDifference({ path, from, to }: ValueDifference): string {
  if (from === undefined) return `${path} added: ${to ?? ""}`;
  if (to === undefined) return `${path} removed: ${from}`;
  return from === to ? `${path} changed (not shown)` : `${path} ${from} → ${to}`;
}

interface ReadLeaf {
  readonly exact: string;
  readonly shown: string;
}

function leavesOf(text: string): ReadonlyMap<string, ReadLeaf> {
  const parsed = parseIfPossible({ name: "recorded values", text });
  if (parsed === undefined) return new Map();
  return new Map(
    listLeaves(parsed).flatMap(({ path, value }): readonly [string, ReadLeaf][] => {
      const plain = toPlainValue(value);
      // No values at all.
      if (path.length === 0) return [];
      return [[formatPath(path), { exact: canonicalJson(plain), shown: show(path, plain) }]];
    }),
  );
}

/** A list of secrets is one, too. */
function show(path: readonly string[], value: unknown): string {
  return Array.isArray(value) && isSecretPath(path) ? "(not shown)" : showValue(path, value);
}
