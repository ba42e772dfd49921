import { bringUpJobs } from "./bring-up-graph.ts";
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

/** One call for everything that is missing; what exists and differs is replaced in its turn, so that the rest keeps serving. */
export async function createMissing(bring: CreationOf, driver: Creator): Promise<void> {
  const units = await unitsToCreate(bring, driver);
  if (units.length === 0) return;
  await bring.journal.step<true>("create", hashOf(units.map(({ id }) => id)), {
    probe: () => Promise.resolve(undefined),
    act: async () => {
      await driver.create(units);
      return true;
    },
  });
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
