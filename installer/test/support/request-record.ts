/** One request, and what became of it; times in milliseconds. */
export interface RecordedRequest {
  readonly kind: string;
  readonly begun: number;
  readonly ended: number;
  /** Why it failed; absent of one that was served. */
  readonly failure?: string;
}

/** A time in which requests failed, and why. */
interface Failing {
  readonly from: number;
  readonly until: number;
  readonly failures: readonly string[];
}

/** Times in which requests of one kind failed: from the begin of the first that did to the end of the next that was served. */
export function failingTimes(requests: readonly RecordedRequest[], kind: string): readonly Failing[] {
  const inOrder = requests.filter((request) => request.kind === kind).toSorted((a, b) => a.ended - b.ended);
  const end = inOrder.at(-1)?.ended ?? 0;
  return merged(
    inOrder.flatMap(({ begun, ended, failure }, index) => {
      if (failure === undefined) return [];
      const served = inOrder.slice(index).find((request) => request.failure === undefined);
      return [{ from: begun, until: Math.max(ended, served?.ended ?? end), failures: [failure] }];
    }),
  );
}

/** Seconds in which requests failed: of each kind, and of any kind at all. */
export function failingSeconds(requests: readonly RecordedRequest[]): Readonly<Record<string, number>> {
  const kinds = [...new Set(requests.map(({ kind }) => kind))];
  const times = new Map(kinds.map((kind) => [kind, failingTimes(requests, kind)]));
  times.set("any", merged([...times.values()].flat()));
  return Object.fromEntries(
    [...times].map(([kind, spans]) => [
      kind,
      Math.round(spans.reduce((sum, { from, until }) => sum + until - from, 0) / 100) / 10,
    ]),
  );
}

/** The same times, each moment once. */
function merged(times: readonly Failing[]): readonly Failing[] {
  const found: Failing[] = [];
  for (const time of times.toSorted((a, b) => a.from - b.from)) {
    const last = found.at(-1);
    if (last === undefined || time.from > last.until) found.push(time);
    else
      found[found.length - 1] = {
        from: last.from,
        until: Math.max(last.until, time.until),
        failures: [...last.failures, ...time.failures],
      };
  }
  return found;
}
