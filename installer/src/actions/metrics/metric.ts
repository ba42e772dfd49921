import type { Look } from "./look.ts";

/** One measure of an install: what it is called, what it says, and how it is read off a look. */
export interface Metric {
  /** Prometheus' conventions: base units, the unit at the end, `_total` for what only grows. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  readonly type: "gauge" | "counter";
  /** Besides `install`, which every metric has. */
  readonly labels: readonly string[];
  /** `live`: by asking what the platform runs on; `records`: also while that does not answer. */
  readonly from: "live" | "records";
  /** None where it is not known, which is not the same as 0. */
  readonly measure: (look: Look) => readonly Measured[];
}

export interface Measured {
  /** One value for each of the metric's labels. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One value as it is exposed. */
export interface MetricSample {
  readonly name: string;
  /** `install` first. */
  readonly labels: Readonly<Record<string, string>>;
  /** In the unit that the name ends with; 0 or 1 where it has none and answers a question, else a count. */
  readonly value: number;
}

/** The one value of a metric without labels of its own; nothing where it is not known. */
export function only(value: number | undefined): readonly Measured[] {
  return value === undefined || Number.isNaN(value) ? [] : [{ value }];
}

/** Seconds since 1970 of a moment; nothing where there is none. */
export function onlyMoment(at: string | Date | undefined): readonly Measured[] {
  return only(at === undefined ? undefined : secondsOf(at));
}

export function secondsOf(at: string | Date): number {
  return new Date(at).getTime() / 1000;
}
