import { PreflightError } from "../../../errors/installer-error.ts";
import type { StateLayout } from "../../../execute/state/layout.ts";
import type { Comparison } from "./compare-copy.ts";
import type { RecordedPlace } from "./copy-record.ts";
import type { Head } from "./head.ts";
import { headName, type RecordsPlace } from "./stored-records.ts";

type Refused = Extract<Comparison, { readonly kind: "incomplete" | "another-install" | "older" | "both-changed" }>;

export interface Sides {
  readonly layout: StateLayout;
  readonly place: RecordsPlace;
  readonly head: Head | undefined;
  readonly seen: RecordedPlace;
}

/** Why neither the directory nor the namespace can be taken for the right one, and how a person decides it. */
export function refusalOf(comparison: Refused, { layout, place, head, seen }: Sides): PreflightError {
  const { root } = layout;
  const there = `the namespace ${place.namespace} of the context ${seen.context}`;
  const hint = `${attachAnew(root, place, seen)}; or, if ${root} is right: ${forget(place, seen)}, and the next run puts there what is here`;
  switch (comparison.kind) {
    case "another-install":
      return new PreflightError(`${root} is the state of another install than the ${place.install} in ${there}`, {
        hint: `name an empty or new directory with --state-dir, or give the install another --name or cluster.namespace`,
      });
    case "incomplete":
      return new PreflightError(`${root} was never completed, and the records are gone from ${there}`, {
        hint: "use a machine whose state directory has all of them, or a backup of it",
      });
    case "older":
      return new PreflightError(
        `the records in ${there} are of generation ${head?.generation ?? 0}, and ${root} has seen generation ${comparison.known}`,
        { details: describeThere(head), hint },
      );
    case "both-changed":
      return new PreflightError(`the records in ${root} and those in ${there} were both changed`, {
        details: [
          ...describeThere(head),
          `there: ${nameSome(comparison.there)}`,
          `here, never put there: ${nameSome(comparison.here)}`,
        ],
        hint,
      });
  }
}

function describeThere(head: Head | undefined): readonly string[] {
  if (head === undefined) return [];
  const { by, at, generation } = head;
  return [`there: generation ${generation}, written by ${by.owner} at ${at}, run ${by.run} ("${by.command}")`];
}

function attachAnew(root: string, { install }: RecordsPlace, { context, namespace }: RecordedPlace): string {
  const place = `--set cluster.context=${context} --set cluster.namespace=${namespace}`;
  return `mv ${root} ${root}.old, then slipway attach --mode helm --name ${install} ${place} takes what is there`;
}

function forget(place: RecordsPlace, { context, namespace }: RecordedPlace): string {
  return `kubectl --context ${context} -n ${namespace} delete secret ${headName(place)}`;
}

const mostNamed = 5;

function nameSome(paths: readonly string[]): string {
  const more = paths.length > mostNamed ? ` and ${paths.length - mostNamed} more` : "";
  return paths.length === 0 ? "nothing" : `${paths.slice(0, mostNamed).join(", ")}${more}`;
}
