import type { SourceImage } from "./content.ts";

/** What refers to one of the subjects, or to something that does: an SBOM may be signed, too. In the order given. */
export function attachedTo<Referrer extends SourceImage["referrers"][number]>(
  referrers: readonly Referrer[],
  subjects: Iterable<string>,
): readonly Referrer[] {
  const bySubject = new Map<string, Referrer[]>();
  for (const referrer of referrers) {
    bySubject.set(referrer.subject, [...(bySubject.get(referrer.subject) ?? []), referrer]);
  }
  const reached = new Set<string>(subjects);
  const chosen = new Set<Referrer>();
  // A set gives what is added to it on the way, too.
  for (const subject of reached) {
    for (const referrer of bySubject.get(subject) ?? []) {
      chosen.add(referrer);
      reached.add(referrer.descriptor.digest);
    }
  }
  return referrers.filter((referrer) => chosen.has(referrer));
}
