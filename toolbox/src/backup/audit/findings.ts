import { type AuditResult, type DanglingReference, type ReferenceKind, referenceKinds } from "./audit-result.ts";

const namedAtMost = 50;

/** Collects where references lead, as they are followed. */
export interface Findings {
  /** One that was followed; it dangles where there is a problem. */
  readonly follow: (reference: Omit<DanglingReference, "problem">, problem: string | undefined) => void;
  readonly orphan: () => void;
  /** One thing that is not followed; how many there are of each is told with it. */
  readonly pass: (what: string) => void;
  /** A whole part that is not looked at. */
  readonly leaveOut: (reason: string) => void;
  readonly result: () => AuditResult;
}

/** Starts with nothing found. */
export function openFindings(): Findings {
  const references = Object.fromEntries(referenceKinds.map((kind) => [kind, 0])) as Record<ReferenceKind, number>;
  const first: DanglingReference[] = [];
  const passed = new Map<string, number>();
  const reasons: string[] = [];
  let [count, orphans] = [0, 0];
  return {
    follow: (reference, problem) => {
      references[reference.kind] += 1;
      if (problem === undefined) return;
      count += 1;
      if (first.length < namedAtMost) first.push({ ...reference, problem });
    },
    orphan: () => {
      orphans += 1;
    },
    pass: (what) => void passed.set(what, (passed.get(what) ?? 0) + 1),
    leaveOut: (reason) => void reasons.push(reason),
    result: () => ({
      references: { ...references },
      dangling: { count, first: [...first] },
      orphans,
      leftOut: [...reasons, ...[...passed].map(([what, many]) => `${many} × ${what}`)],
    }),
  };
}

/** What is wrong with something that has to be there with so many bytes, or undefined. */
export function sizeProblem(found: number | undefined, wanted: number): string | undefined {
  if (found === undefined) return "is missing";
  return found === wanted ? undefined : `has ${found} bytes instead of ${wanted}`;
}
