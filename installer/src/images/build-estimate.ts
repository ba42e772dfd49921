import type { ImageBuild } from "./build-plan.ts";

export interface RunningBuild {
  /** Since it began. */
  readonly seconds: number;
  /** Go packages: how many there are, how many were begun, and since when. */
  readonly packages?: { readonly total: number; readonly seen: number; readonly seconds: number };
}

export interface BuildEstimate {
  /** Until everything is built; undefined once a running build has taken longer than estimated. */
  readonly remainingSeconds: number | undefined;
  readonly ofBuild: ReadonlyMap<string, { readonly percent: number; readonly late: boolean }>;
}

/** Packages begun say little before this part of them: the first are small. */
const tellingPart = 0.1;

/**
 * Estimates running and waiting builds from their typical times, corrected by what is seen: how fast this machine built the others, and
 * how many packages of a program are compiled. A running build that exceeds its estimate corrects that of the others too.
 */
export function estimateBuilds(request: {
  readonly builds: readonly ImageBuild[];
  /** Seconds that finished builds took. */
  readonly took: ReadonlyMap<string, number>;
  readonly running: ReadonlyMap<string, RunningBuild>;
  readonly jobs: number;
}): BuildEstimate {
  const { builds, took, running, jobs } = request;
  const slowness = measureSlowness(builds, took, running);
  const left = new Map<string, number>();
  const ofBuild = new Map<string, { readonly percent: number; readonly late: boolean }>();
  for (const { name, image } of builds) {
    const build = running.get(name);
    const expected = (build && bySeenPackages(build)) ?? image.seconds * slowness;
    left.set(name, took.has(name) ? 0 : Math.max(0, expected - (build?.seconds ?? 0)));
    if (build === undefined) continue;
    const percent = Math.min(95, Math.round((100 * build.seconds) / Math.max(expected, 0.1)));
    ofBuild.set(name, { percent, late: isLate(build, image.seconds * measureSlowness(builds, took, new Map())) });
  }
  const isAnyLate = [...ofBuild.values()].some(({ late }) => late);
  return { remainingSeconds: isAnyLate ? undefined : longest(builds, left, jobs), ofBuild };
}

/** Measured against the typical seconds; 2 means twice as slow. Trusted slowly: the first small image says little about the rest. */
function measureSlowness(
  builds: readonly ImageBuild[],
  took: ReadonlyMap<string, number>,
  running: ReadonlyMap<string, RunningBuild>,
): number {
  let [typical, really] = [20, 20];
  for (const { name, image } of builds) {
    const build = running.get(name);
    const whole = took.get(name) ?? (build && (bySeenPackages(build) ?? build.seconds));
    // What still runs within its time says nothing yet.
    if (whole === undefined || (!took.has(name) && bySeenPackages(build) === undefined && whole < image.seconds))
      continue;
    typical += image.seconds;
    really += whole;
  }
  return Math.min(20, Math.max(0.1, really / typical));
}

/** The whole time of a build, if its other packages take as long as those begun so far. */
function bySeenPackages(build: RunningBuild | undefined): number | undefined {
  const packages = build?.packages;
  if (build === undefined || packages === undefined) return undefined;
  const part = packages.seen / packages.total;
  if (part < tellingPart || part >= 1) return undefined;
  return build.seconds - packages.seconds + packages.seconds / part;
}

function isLate(build: RunningBuild, estimated: number): boolean {
  return build.seconds > estimated && bySeenPackages(build) === undefined;
}

/** Bounded by the longest chain and by the work that the parallel builds share. */
function longest(builds: readonly ImageBuild[], left: ReadonlyMap<string, number>, jobs: number): number {
  const chain = new Map<string, number>();
  for (const { name, needs } of builds) {
    const before = Math.max(0, ...needs.map((need) => chain.get(need) ?? 0));
    chain.set(name, (left.get(name) ?? 0) + before);
  }
  const shared = [...left.values()].reduce((sum, seconds) => sum + seconds, 0) / jobs;
  return Math.ceil(Math.max(shared, 0, ...chain.values()));
}
