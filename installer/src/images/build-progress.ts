import { readBuildLine } from "./build-lines.ts";
import { estimateBuilds, type RunningBuild } from "./build-estimate.ts";
import type { ImageBuild } from "./build-plan.ts";

export type ImageBuildState = "queued" | "building" | "built" | "present" | "failed";

/** One report about one image. */
export interface ImageBuildEvent {
  readonly type: "image-build";
  readonly image: string;
  readonly state: ImageBuildState;
  /** What is being worked on: a package, a download, or else the step of the Dockerfile. */
  readonly detail?: string;
  readonly percent?: number;
  /** Since this build began. */
  readonly elapsedSeconds?: number;
  /** Until every image of the request is built; absent once a build has taken longer than estimated. */
  readonly remainingSeconds?: number;
  /** It has taken longer than estimated, and how much longer it takes is not known. */
  readonly late?: boolean;
}

/** Keeps account of the builds of one request and turns what happens into events. */
export interface BuildProgress {
  queued(): void;
  present(name: string): void;
  started(name: string): void;
  /** What a build, or the making of the Debian base, is at. */
  working(name: string, detail: string): void;
  line(name: string, line: string): void;
  finished(name: string): void;
  failed(name: string, detail: string): void;
  /** Reports what has been silent for long; to be called every few seconds. */
  tick(): void;
  /** What the build of an image printed, as it came. */
  output(name: string): readonly string[];
  readonly built: readonly string[];
  readonly running: readonly string[];
}

/** More than any build prints that goes well. */
const keptLines = 100_000;
/** A build is reported at most this often, besides its steps. */
const busyMs = 2_000;
/** How often `tick` is to be called, and at least how often a running build is reported then. */
export const tickMs = 5_000;

/** Everything known about one build that has begun. */
interface Account {
  readonly began: number;
  readonly output: string[];
  detail?: string;
  packages?: { readonly total: number; readonly began: number; seen: number };
  reported: number;
}

export function trackBuilds(options: {
  readonly builds: readonly ImageBuild[];
  readonly jobs: number;
  readonly monotonicMs: () => number;
  readonly report: (event: ImageBuildEvent) => void;
}): BuildProgress {
  const { builds, jobs, monotonicMs, report } = options;
  const accounts = new Map<string, Account>();
  const took = new Map<string, number>();
  const ended = new Set<string>();

  const seconds = (since: number): number => (monotonicMs() - since) / 1000;
  function accountOf(name: string): Account {
    const account = accounts.get(name) ?? {
      began: monotonicMs(),
      output: [],
      reported: Number.NEGATIVE_INFINITY,
    };
    accounts.set(name, account);
    return account;
  }
  function estimate() {
    const running = new Map<string, RunningBuild>();
    for (const [name, { began, packages }] of accounts) {
      if (ended.has(name)) continue;
      const compiled = packages && { ...packages, seconds: seconds(packages.began) };
      running.set(name, { seconds: seconds(began), ...(compiled !== undefined && { packages: compiled }) });
    }
    return estimateBuilds({ builds, took, running, jobs });
  }
  function building(name: string): void {
    const account = accountOf(name);
    const { remainingSeconds, ofBuild } = estimate();
    const own = ofBuild.get(name);
    account.reported = monotonicMs();
    report({
      type: "image-build",
      image: name,
      state: "building",
      ...(own !== undefined && !own.late && { percent: own.percent }),
      elapsedSeconds: Math.round(seconds(account.began)),
      ...(remainingSeconds !== undefined && { remainingSeconds }),
      ...(own?.late === true && { late: true }),
      ...(account.detail !== undefined && { detail: account.detail }),
    });
  }
  function take(account: Account, line: string): boolean {
    const { step, packages, compiles, work } = readBuildLine(line);
    if (packages !== undefined) account.packages = { total: packages, began: monotonicMs(), seen: 0 };
    if (compiles !== undefined && account.packages !== undefined) account.packages.seen += 1;
    const count = account.packages;
    const counted = compiles === undefined || count === undefined ? "" : ` (${count.seen} of ${count.total})`;
    const detail = step ?? (work === undefined ? undefined : `${work}${counted}`);
    if (detail !== undefined) account.detail = detail;
    return step !== undefined;
  }
  const isQuiet = (account: Account, ms: number): boolean => monotonicMs() - account.reported >= ms;

  return {
    queued() {
      const { remainingSeconds } = estimate();
      for (const { name } of builds) {
        report({
          type: "image-build",
          image: name,
          state: "queued",
          ...(remainingSeconds !== undefined && { remainingSeconds }),
        });
      }
    },
    present: (name) => report({ type: "image-build", image: name, state: "present" }),
    started: building,
    working(name, detail) {
      const account = accountOf(name);
      account.detail = detail;
      if (isQuiet(account, busyMs)) building(name);
    },
    line(name, line) {
      const account = accountOf(name);
      if (line.trim() !== "") account.output.push(line);
      if (account.output.length > keptLines) account.output.shift();
      if (take(account, line) || isQuiet(account, busyMs)) building(name);
    },
    finished(name) {
      took.set(name, seconds(accountOf(name).began));
      ended.add(name);
      const { remainingSeconds } = estimate();
      const known = remainingSeconds !== undefined && { remainingSeconds };
      const elapsedSeconds = Math.round(took.get(name) ?? 0);
      report({ type: "image-build", image: name, state: "built", percent: 100, elapsedSeconds, ...known });
    },
    failed(name, detail) {
      ended.add(name);
      report({ type: "image-build", image: name, state: "failed", detail });
    },
    tick() {
      for (const [name, account] of accounts) if (!ended.has(name) && isQuiet(account, tickMs)) building(name);
    },
    output: (name) => accounts.get(name)?.output ?? [],
    get built() {
      return [...took.keys()].filter((name) => builds.some((build) => build.name === name));
    },
    get running() {
      return [...accounts.keys()].filter((name) => !ended.has(name));
    },
  };
}
