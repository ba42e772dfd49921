import { type ImageBuild, remainingSeconds } from "./build-plan.ts";

export type ImageBuildState = "queued" | "building" | "built" | "present" | "failed";

/** One report about one image. */
export interface ImageBuildEvent {
  readonly type: "image-build";
  readonly image: string;
  readonly state: ImageBuildState;
  /** The step of the Dockerfile being worked on. */
  readonly step?: string;
  readonly percent?: number;
  /** Until every image of the request is built. */
  readonly remainingSeconds?: number;
  readonly detail?: string;
}

/** The name of the Dockerfile step that a line of BuildKit's plain progress announces; undefined for all other lines. */
export function stepOfLine(line: string): string | undefined {
  return /^#\d+ (\[[^\]]+\] .+)$/.exec(line)?.[1]?.replace(/\s+/g, " ").slice(0, 120);
}

/** A line of the log without BuildKit's step number and clock. */
export function plainLine(line: string): string {
  return line.replace(/^#\d+ (?:\d+\.\d+ )?/, "");
}

/** Keeps account of the builds of one request and turns what happens into events. */
export interface BuildProgress {
  queued(): void;
  present(name: string): void;
  started(name: string): void;
  line(name: string, line: string): void;
  finished(name: string): void;
  failed(name: string, detail: string): void;
  /** The last lines of an image's log. */
  lastLines(name: string): readonly string[];
}

const keptLines = 30;
/** A build is reported at most this often, besides its steps. */
const quietMs = 2_000;

export function trackBuilds(options: {
  readonly builds: readonly ImageBuild[];
  readonly jobs: number;
  readonly monotonicMs: () => number;
  readonly report: (event: ImageBuildEvent) => void;
}): BuildProgress {
  const { builds, jobs, monotonicMs, report } = options;
  const started = new Map<string, number>();
  const done = new Set<string>();
  const logs = new Map<string, string[]>();
  const steps = new Map<string, string>();
  const reported = new Map<string, number>();
  let typicalSpent = 0;
  let reallySpent = 0;

  const seconds = (name: string): number => (monotonicMs() - (started.get(name) ?? monotonicMs())) / 1000;
  const typical = (name: string): number => builds.find((build) => build.name === name)?.image.seconds ?? 1;
  // Trusted slowly, and within bounds: the first small image says little about the rest.
  const slowness = (): number => Math.min(4, Math.max(0.1, (reallySpent + 20) / (typicalSpent + 20)));
  function remaining(): number {
    const running = new Map([...started.keys()].map((name) => [name, seconds(name)]));
    return remainingSeconds({ builds, done, running, jobs, slowness: slowness() });
  }
  function building(name: string): void {
    const step = steps.get(name);
    const percent = Math.min(95, Math.round((100 * seconds(name)) / (typical(name) * slowness())));
    reported.set(name, monotonicMs());
    report({
      type: "image-build",
      image: name,
      state: "building",
      percent,
      remainingSeconds: remaining(),
      ...(step === undefined ? {} : { step }),
    });
  }

  return {
    queued() {
      for (const { name } of builds) {
        report({ type: "image-build", image: name, state: "queued", remainingSeconds: remaining() });
      }
    },
    present: (name) => report({ type: "image-build", image: name, state: "present" }),
    started(name) {
      started.set(name, monotonicMs());
      building(name);
    },
    line(name, line) {
      const log = logs.get(name) ?? [];
      logs.set(name, log);
      if (plainLine(line).trim() !== "") log.push(plainLine(line));
      if (log.length > keptLines) log.shift();
      const step = stepOfLine(line);
      if (step !== undefined) steps.set(name, step);
      if (step !== undefined || monotonicMs() - (reported.get(name) ?? 0) >= quietMs) building(name);
    },
    finished(name) {
      typicalSpent += typical(name);
      reallySpent += seconds(name);
      done.add(name);
      report({ type: "image-build", image: name, state: "built", percent: 100, remainingSeconds: remaining() });
    },
    failed: (name, detail) => report({ type: "image-build", image: name, state: "failed", detail }),
    lastLines: (name) => logs.get(name) ?? [],
  };
}
