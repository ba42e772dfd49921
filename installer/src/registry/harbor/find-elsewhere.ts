import { RegistryError } from "../../errors/installer-error.ts";
import type { PlannedBlob, PushPlan } from "../push/push-plan.ts";
import type { HarborClient } from "./harbor-client.ts";
import type { OwnRepositories } from "./own-repositories.ts";
import type { RegistryHalf } from "./registry-half.ts";

/** Smaller ones are sent in the time in which it is found out where they are. */
const worthAsking = 8 * 1024 * 1024;
/** For one blob; those most likely to have it are asked first. */
const mostPlaces = 12;
const mostQuestions = 200;
const parallelQuestions = 8;

/**
 * Finds large blobs in other repositories of a project, from where they are mounted: the same images under another path, or
 * others on the same base. What cannot be found out is sent.
 */
export async function findElsewhere(
  { client, registry }: { readonly client: Pick<HarborClient, "repositories">; readonly registry: RegistryHalf },
  { name, isNew, project, repositories }: OwnRepositories,
  plan: PushPlan,
  signal: AbortSignal,
): Promise<void> {
  if (isNew || project === undefined || project === "hidden") return;
  const own = new Set(repositories.map((repository) => `${name}/${repository}`));
  const large = plan.blobs.filter(
    ({ descriptor, repositories: places }) => descriptor.size >= worthAsking && places.some((place) => own.has(place)),
  );
  if (large.length === 0) return;
  try {
    const known = await client.repositories(project, signal);
    const others = known === "hidden" ? [] : known.filter((repository) => !own.has(repository));
    if (others.length === 0) return;
    registry.alsoRead(others.slice(0, mostQuestions));
    await askAll(large, others, registry);
  } catch (error) {
    // It only saves time.
    if (!(error instanceof RegistryError)) throw error;
  }
}

/** The largest first, as they stand in a plan. */
async function askAll(blobs: readonly PlannedBlob[], others: readonly string[], registry: RegistryHalf): Promise<void> {
  const left = [...blobs];
  /** Where something was found, there is more. */
  const fertile = new Set<string>();
  let questions = 0;

  async function find(blob: PlannedBlob): Promise<void> {
    for (const repository of likeliest(blob, others, fertile)) {
      if (questions >= mostQuestions) return;
      questions += 1;
      if (!(await registry.hasBlob(repository, blob.descriptor))) continue;
      fertile.add(repository);
      registry.found(repository, blob.descriptor.digest);
      return;
    }
  }

  const work = async (): Promise<void> => {
    for (let blob = left.shift(); blob !== undefined; blob = left.shift()) await find(blob);
  };
  await Promise.all(Array.from({ length: parallelQuestions }, work));
}

function likeliest(
  { repositories }: PlannedBlob,
  others: readonly string[],
  fertile: ReadonlySet<string>,
): readonly string[] {
  const names = new Set(repositories.map(lastPart));
  const rank = (repository: string): number => (names.has(lastPart(repository)) ? 0 : fertile.has(repository) ? 1 : 2);
  return others.toSorted((a, b) => rank(a) - rank(b)).slice(0, mostPlaces);
}

function lastPart(repository: string): string {
  return repository.slice(repository.lastIndexOf("/") + 1);
}
