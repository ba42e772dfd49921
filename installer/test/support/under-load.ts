import { setTimeout as delay } from "node:timers/promises";
import { openPlatformStores, type Reached } from "./platform-stores.ts";
import { type Audit, auditWritten, startWriter } from "./platform-writer.ts";
import { failingSeconds, failingTimes, type RecordedRequest } from "./request-record.ts";
import { openStoresUnderLoad } from "./stores-under-load.ts";

interface UnderLoad<T> {
  readonly result: T;
  /** How many writes were acknowledged, and how many while the work was done. */
  readonly written: number;
  readonly writtenMeanwhile: number;
  /** What is left of them afterwards. */
  readonly audit: Audit;
  /** Seconds in which requests failed, by kind, and of any kind. */
  readonly seconds: Readonly<Record<string, number>>;
  /** The same, a line for each time, and seconds of the work. */
  readonly report: string;
}

/** So long everything is asked before the work and after it. */
const calmMs = 2000;

/** Does something to a platform while people write to it, read from it and ask for its page, and says what they noticed. */
export async function underLoad<T>(platform: Reached, title: string, work: () => Promise<T>): Promise<UnderLoad<T>> {
  const stores = await openStoresUnderLoad(platform);
  const writer = await startWriter(stores, { seed: Date.now() % 1_000_000, workers: 2, restMs: 100 });
  stores.askAll();
  try {
    await delay(calmMs);
    const from = Date.now();
    const result = await work();
    const until = Date.now();
    await delay(calmMs);
    await writer.stop();
    const { written, given } = writer;
    return {
      result,
      written: written.length,
      writtenMeanwhile: written.filter(({ at }) => at > from && at < until).length,
      audit: await auditOf(
        platform,
        written.filter(({ id }) => !given.has(id)),
      ),
      seconds: failingSeconds(stores.requests),
      report: reportOf(`${title} took ${((until - from) / 1000).toFixed(1)} s`, stores.requests, from),
    };
  } finally {
    await writer.stop();
    await stores.close();
  }
}

async function auditOf(platform: Reached, expected: Parameters<typeof auditWritten>[1]): Promise<Audit> {
  const stores = await openPlatformStores(platform);
  try {
    return await auditWritten(stores, expected);
  } finally {
    await stores.close();
  }
}

function reportOf(title: string, requests: readonly RecordedRequest[], begun: number): string {
  const since = (at: number): string => ((at - begun) / 1000).toFixed(1);
  const kinds = [...new Set(requests.map(({ kind }) => kind))];
  const lines = kinds.flatMap((kind) =>
    failingTimes(requests, kind).map(({ from, until, failures }) => {
      const [first = ""] = failures;
      return `  ${kind}: ${since(from)} to ${since(until)} s, ${failures.length} requests, the first: ${first.split("\n", 1)[0]}`;
    }),
  );
  return [`${title}; ${requests.length} requests, those that failed:`, ...lines, ""].join("\n");
}
