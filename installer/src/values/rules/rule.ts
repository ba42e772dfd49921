import { describeGot } from "../describe-value.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";

/** A rule that the schema cannot express: it sees values whose named parts fit the schema. */
export interface Rule {
  /** Dotted paths that the check reads; it does not run when the schema found something wrong in one of them. */
  readonly reads: readonly string[];
  readonly check: (values: Values) => readonly Finding[];
}

/** A finding about a value: what is wrong, the value, what is allowed. */
export function wrongValue(path: string, value: unknown, wrong: string, allowed: string): Finding {
  const keys = path.split(".");
  return { path: keys, message: `${wrong} ${describeGot(keys, value)}, ${allowed}` };
}

/** What stands at a dotted path of the values. */
export function valueAt(values: Values, path: string): unknown {
  return path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], values);
}

/** The same finding with the other values that make this one wrong. */
export function becauseOf(finding: Finding, ...causes: readonly string[]): Finding {
  return { ...finding, causes };
}
