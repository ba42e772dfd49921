import { compareText } from "../language/compare-text.ts";
import type { GraphNode } from "./dependency-graph.ts";

/** Something a run did, in milliseconds since its command began. */
export interface Span {
  /** A step, a component, or a job as `job:<id>`. */
  readonly id: string;
  readonly beginMs: number;
  readonly endMs: number;
}

/** Something a run did, and what it could not begin before. */
export interface TimedWork {
  /** A step, a component, or a job as `job:<id>`. */
  readonly id: string;
  /** Since the command began. */
  readonly beginMs: number;
  readonly ms: number;
  /** What ended last of all that it needs; absent where nothing had to end before it. */
  readonly after?: string;
  /** Whether the run would have ended sooner, had this taken less time. */
  readonly critical: boolean;
}

/** Where the time of a run went. */
export interface Timings {
  /** In the order in which they began. */
  readonly work: readonly TimedWork[];
  readonly totalMs: number;
  /** What is critical, together. */
  readonly criticalMs: number;
}

/**
 * The chain that decided when a run ended: from what ended last back to what that waited for, and so on. A node of the graph waits for
 * what it needs and for the steps before it; a step waits for everything before it.
 */
export function measureCriticalPath(spans: readonly Span[], nodes: readonly GraphNode[], totalMs: number): Timings {
  const needs = new Map(nodes.map(({ key, needs: keys }) => [key, keys]));
  const waitsFor = (span: Span, other: Span): boolean => {
    const own = needs.get(span.id);
    return own === undefined || own.includes(other.id) || !needs.has(other.id);
  };
  const before = (span: Span): Span | undefined =>
    lastOf(spans.filter((other) => other !== span && waitsFor(span, other) && other.endMs <= span.beginMs));
  const critical = new Set<Span>();
  for (let span = lastOf(spans); span !== undefined && !critical.has(span); span = before(span)) critical.add(span);
  const criticalMs = [...critical].reduce((sum, { beginMs, endMs }) => sum + endMs - beginMs, 0);
  return {
    work: spans
      .toSorted((a, b) => a.beginMs - b.beginMs || compareText(a.id, b.id))
      .map((span) => {
        const after = before(span)?.id;
        return {
          id: span.id,
          beginMs: Math.round(span.beginMs),
          ms: Math.round(span.endMs - span.beginMs),
          ...(after === undefined ? {} : { after }),
          critical: critical.has(span),
        };
      }),
    totalMs: Math.round(totalMs),
    criticalMs: Math.round(criticalMs),
  };
}

function lastOf(spans: readonly Span[]): Span | undefined {
  let last: Span | undefined;
  for (const span of spans) if (last === undefined || span.endMs > last.endMs) last = span;
  return last;
}
