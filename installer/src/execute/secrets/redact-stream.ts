import { type ByteWindow, createByteWindow } from "./byte-window.ts";
import { createByteFinder } from "./find-bytes.ts";
import type { SecretFinder } from "./redactor.ts";
import { longestPattern, secretPatterns } from "./secret-patterns.ts";

/** How often something was taken out, by kind: `secret` for the secrets that are known, else the kind of a pattern. */
export type Redactions = Readonly<Record<string, number>>;

/** Takes secrets out of bytes that come in pieces of any size, in memory that does not grow with them. */
export interface RedactingStream extends ByteWindow {
  redactions(): Redactions;
}

/** Bytes that are written at a time. With the overlap they make a text that V8 keeps among its short-lived ones. */
const usualWindow = 96 * 1024;

/** Most characters before an anchor that a pattern looks at. */
const lookBehind = 64;

/** What is taken out, in bytes, and what is put in its place; without a label nothing is. */
interface Span {
  readonly start: number;
  readonly end: number;
  readonly kind: string;
  readonly label: Buffer;
  /** Where what led to it begins: the name of a header stands before its value. */
  readonly since: number;
}

/**
 * Takes out every form of the known secrets, and everything that has the shape of one. What is found at the end of a window is looked at
 * again with what follows, so that it does not matter where pieces end.
 * @param write is given what is finished, in order; the bytes are its own only until it returns
 * @param window bytes that are written at a time
 */
export function createRedactingStream(
  finder: SecretFinder,
  write: (bytes: Uint8Array) => void,
  window: number = usualWindow,
): RedactingStream {
  const overlap = Math.max(finder.longest, longestPattern) + lookBehind;
  const counts = new Map<string, number>();
  /** Found before, with what is not written yet. */
  let carried: readonly Span[] = [];

  /** Writes up to `limit`, behind which matches may not be whole yet. */
  const redact = (bytes: Buffer, limit: number): void => {
    const found = spansIn(bytes, finder).filter(({ since }) => since < limit);
    const spans = merge([...carried, ...found]);
    const beyond: Span[] = [];
    let at = 0;
    for (const span of spans) {
      if (span.start >= limit) {
        beyond.push(span);
        continue;
      }
      if (span.start > at) write(bytes.subarray(at, span.start));
      if (span.label.length > 0) {
        counts.set(span.kind, (counts.get(span.kind) ?? 0) + 1);
        write(span.label);
      }
      at = Math.min(span.end, limit);
      // What it has beyond goes without another word.
      if (span.end > limit) beyond.push({ ...span, start: limit, label: nothing });
    }
    if (limit > at) write(bytes.subarray(at, limit));
    carried = beyond.map((span) => ({ ...span, start: span.start - limit, end: span.end - limit, since: 0 }));
  };

  return {
    ...createByteWindow(window, overlap, redact),
    redactions: () => Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

const nothing = Buffer.alloc(0);

const anchors = secretPatterns.flatMap((pattern) => {
  const label = Buffer.from(`[removed ${pattern.kind}]`);
  return pattern.anchors.map((anchor) => ({ anchor, pattern, label }));
});
const anchorFinder = createByteFinder(anchors.map(({ anchor }) => Buffer.from(anchor, "latin1")));

function spansIn(bytes: Buffer, finder: SecretFinder): readonly Span[] {
  const spans = finder.find(bytes).map(({ start, end, secret }): Span => {
    return { start, end, since: start, kind: "secret", label: Buffer.from(finder.label(secret), "utf8") };
  });
  const places = anchorFinder.find(bytes);
  if (places.length === 0) return spans;
  const text = bytes.toString("latin1");
  for (const { start: at, pattern } of places) {
    const anchor = anchors[pattern];
    const span = anchor === undefined ? undefined : matchAt(text, at, anchor);
    if (span !== undefined) spans.push(span);
  }
  return spans;
}

function matchAt(text: string, at: number, { pattern, label }: (typeof anchors)[number]): Span | undefined {
  const { expression, kind } = pattern;
  expression.lastIndex = at;
  const match = expression.exec(text);
  if (match === null) return undefined;
  const end = at + match[0].length;
  return { start: end - (match[1] ?? match[0]).length, end, since: Math.max(0, at - lookBehind), kind, label };
}

/** Spans that overlap become one, which is called after the secret that is known, if one is. */
function merge(spans: readonly Span[]): readonly Span[] {
  const merged: Span[] = [];
  // What was written before comes first: what overlaps it goes without another word.
  const order = (a: Span, b: Span): number => a.start - b.start || a.label.length - b.label.length || b.end - a.end;
  for (const span of spans.toSorted(order)) {
    const last = merged.at(-1);
    if (last === undefined || span.start >= last.end) {
      merged.push(span);
      continue;
    }
    const named = last.label.length > 0 && last.kind !== "secret" && span.kind === "secret" ? span : last;
    merged[merged.length - 1] = { ...named, start: last.start, end: Math.max(last.end, span.end), since: last.since };
  }
  return merged;
}
