import { describeDifference } from "../../actions/history/compare-values.ts";
import type { DiffResult, NamedDifference } from "../../actions/history/diff.ts";
import type { RevisionHead } from "../../actions/history/known-revisions.ts";
import type { PlanDifference } from "../../execute/history/compare-plans.ts";
import { formatMoment, printable } from "./format.ts";
import type { Style } from "./style.ts";

const signs = { added: "+", removed: "-", changed: "~" } as const;

/** What differs between two revisions: what was asked for, then what became of it. */
export function formatDiff(diff: DiffResult, style: Style): string {
  const paint = { added: style.good, removed: style.bad, changed: style.warn };
  const part = ({ subject, id, change, details }: PlanDifference): readonly string[] => [
    paint[change](`${signs[change]} ${subject} ${id}`),
    ...details.map((line) => style.dim(`    ${printable(line)}`)),
  ];
  const named = (what: string, list: readonly NamedDifference[]): readonly string[] =>
    list.map(({ name, change }) => paint[change](`${signs[change]} ${what} ${printable(name)} ${change}`));
  const values = diff.values.map((value) => `  ${printable(describeDifference(value))}`);
  return [
    `${describeRevision(diff.from)} → ${describeRevision(diff.to)}`,
    ...(values.length === 0 ? [] : ["values:", ...values]),
    ...diff.plan.flatMap(part),
    ...named("image", diff.images),
    ...named("secret", diff.secrets),
    ...(diff.changed ? [] : [style.good("no differences")]),
    ...(diff.incomplete
      ? [
          style.warn(
            "a change was begun and is not complete: slipway status says what runs, slipway plan what is to come",
          ),
        ]
      : []),
  ].join("\n");
}

export function describeRevision({ revision, at, version }: RevisionHead): string {
  return `revision ${revision} (${at === "" ? "" : `${formatMoment(new Date(at))}, `}slipway ${version})`;
}
