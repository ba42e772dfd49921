import { bringUpJobs, graphOf, unitOf } from "./bring-up-graph.ts";
import { hashOf } from "./digest.ts";
import type { Journal } from "./journal/journal.ts";
import type { AppliedRecord } from "./state/state-store.ts";
import { unitNamed, type Wanted, type WantedUnit } from "./wanted.ts";

interface CreationOf {
  readonly wanted: Wanted;
  readonly journal: Journal;
  readonly record: AppliedRecord;
  readonly presentImages?: ReadonlySet<string> | undefined;
}

interface Creator {
  create(units: readonly WantedUnit[]): Promise<void>;
  missing(): Promise<readonly string[]>;
}

/** What is being made while other things start. */
export interface Creation {
  /** Waits until a unit that was missing is made. */
  readonly isMade: (unit: string) => Promise<void>;
  /** Resolves when nothing is made any more. */
  readonly ended: Promise<void>;
}

/**
 * Makes what is missing; what exists and differs is replaced in its turn, so that the rest keeps serving. One call makes what can start
 * at once, and one, while that starts, everything else.
 */
export async function createMissing(bring: CreationOf, driver: Creator): Promise<Creation> {
  const units = await unitsToCreate(bring, driver);
  const first = new Set(
    graphOf(bring.wanted.plan).flatMap(({ key, needs }) => (needs.length === 0 ? [unitOf(key)] : [])),
  );
  const [early, late] = [units.filter(({ id }) => first.has(id)), units.filter(({ id }) => !first.has(id))];
  await createAll("create", early, bring, driver);
  // With the services that are made: by what else is named a target tells later whether something is as it was made.
  const rest = late.length === 0 ? [] : [...early.filter(({ role }) => role === "service"), ...late];
  const made = createAll("create:others", rest, bring, driver);
  const waiting = new Set(late.map(({ id }) => id));
  return {
    isMade: async (unit) => {
      if (waiting.has(unit)) await made;
    },
    // Who waits for it hears of a failure.
    ended: made.catch(() => undefined),
  };
}

async function unitsToCreate(
  { wanted, record, presentImages }: CreationOf,
  driver: Creator,
): Promise<readonly WantedUnit[]> {
  const { jobs } = record.current();
  const due = bringUpJobs(wanted.plan).flatMap(({ id }) => {
    const unit = unitNamed(wanted, id);
    return jobs[id]?.inputsHash === unit.inputs ? [] : [unit];
  });
  const missing = (await driver.missing()).map((id) => unitNamed(wanted, id));
  return [...missing, ...due].filter(({ image }) => presentImages?.has(image) !== false);
}

async function createAll(
  step: string,
  units: readonly WantedUnit[],
  { journal }: CreationOf,
  driver: Creator,
): Promise<void> {
  if (units.length === 0) return;
  await journal.step<true>(step, hashOf(units.map(({ id }) => id)), {
    probe: () => Promise.resolve(undefined),
    act: async () => {
      await driver.create(units);
      return true;
    },
  });
}
