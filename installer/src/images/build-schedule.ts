import type { ImageBuild } from "./build-plan.ts";

/** What is done with the images once they are built. */
export interface Wish {
  /** Images to have before all others, the most wanted first. */
  readonly first?: readonly string[];
  /** How much has to be done one after the other once an image is there, by name. */
  readonly stepsAfter?: ReadonlyMap<string, number>;
}

/** Seconds that a step of a bring-up takes, roughly; builds are counted in the catalogue's seconds. */
const stepSeconds = 5;

/**
 * Builds in the order in which they are to be begun: what the wished images need comes with them, in the order of the wish. Of the rest,
 * those come first after which most is left to do, builds and what is done with them then, because they would otherwise be what
 * everything waits for at the end.
 */
export function orderBuilds(
  builds: readonly ImageBuild[],
  { first = [], stepsAfter }: Wish = {},
): readonly ImageBuild[] {
  const known = new Map(builds.map((build) => [build.name, build]));
  const ordered = new Map<string, ImageBuild>();
  function add(name: string): void {
    const build = known.get(name);
    if (build === undefined || ordered.has(name)) return;
    for (const need of build.needs) add(need);
    ordered.set(name, build);
  }
  for (const name of first) add(name);
  const chains = chainLengths(builds);
  const left = ({ name }: ImageBuild): number => (chains.get(name) ?? 0) + stepSeconds * (stepsAfter?.get(name) ?? 0);
  const byRank = [...builds].sort((a, b) => left(b) - left(a));
  for (const { name } of byRank) add(name);
  return [...ordered.values()];
}

/** Seconds from the start of a build to the end of the longest chain of builds that wait for it. */
function chainLengths(builds: readonly ImageBuild[]): ReadonlyMap<string, number> {
  const lengths = new Map<string, number>();
  // Every build stands after what it needs, so from the back each knows who waits for it.
  for (const build of [...builds].reverse()) {
    const after = builds
      .filter((other) => other.needs.includes(build.name))
      .map((other) => lengths.get(other.name) ?? 0);
    lengths.set(build.name, build.image.seconds + Math.max(0, ...after));
  }
  return lengths;
}

/**
 * Runs every build once what it needs is done, at most `jobs` at a time, and of those that could begin the first of the order.
 * The first failure lets nothing new begin; what runs is waited for.
 * @returns what the builds failed with, the first first
 */
export async function runInOrder(
  ordered: readonly ImageBuild[],
  jobs: number,
  run: (build: ImageBuild) => Promise<void>,
): Promise<readonly unknown[]> {
  const errors: unknown[] = [];
  const waiting = new Set(ordered);
  const unfinished = new Set(ordered.map((build) => build.name));
  const running = new Set<Promise<void>>();
  function begin(build: ImageBuild): void {
    waiting.delete(build);
    const work = run(build)
      .then(() => void unfinished.delete(build.name))
      .catch((error: unknown) => void errors.push(error))
      .finally(() => running.delete(work));
    running.add(work);
  }
  for (;;) {
    while (errors.length === 0 && running.size < jobs) {
      const next = [...waiting].find((build) => build.needs.every((need) => !unfinished.has(need)));
      if (next === undefined) break;
      begin(next);
    }
    if (running.size === 0) return errors;
    await Promise.race(running);
  }
}
