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
 * what it needs, or for its beginning, and for the steps before it; a step waits for everything before it. What goes on while the next on
 * the chain runs counts only up to that one's beginning.
 */
export function measureCriticalPath(spans: readonly Span[], nodes: readonly GraphNode[], totalMs: number): Timings {
  const byKey = new Map(nodes.map((node) => [node.key, node]));
  const before = (span: Span): Span | undefined => lastBefore(span, byKey, spans);
  const critical = new Set<Span>();
  let criticalMs = 0;
  let until = Infinity;
  for (let span = lastOf(spans); span !== undefined && !critical.has(span); span = before(span)) {
    critical.add(span);
    criticalMs += Math.min(span.endMs, until) - span.beginMs;
    until = span.beginMs;
  }
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

/** What a span waited for last: what began it, where it waits for the rest by itself. */
function lastBefore(span: Span, nodes: ReadonlyMap<string, GraphNode>, spans: readonly Span[]): Span | undefined {
  const node = nodes.get(span.id);
  const others = spans.filter((other) => other !== span);
  const opened = others.filter((other) => node?.early?.includes(other.id) === true && other.beginMs <= span.beginMs);
  const ended = others.filter((other) => {
    const isNeeded = node === undefined || node.needs.includes(other.id) || !nodes.has(other.id);
    return isNeeded && other.endMs <= span.beginMs;
  });
  // What still goes on was waited for to the last.
  return lastOf(opened.filter((other) => other.endMs > span.beginMs)) ?? lastOf([...opened, ...ended]);
}

function lastOf(spans: readonly Span[]): Span | undefined {
  let last: Span | undefined;
  for (const span of spans) if (last === undefined || span.endMs > last.endMs) last = span;
  return last;
}
