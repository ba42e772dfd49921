import type { ImportGraph } from "./import-graph.ts";

/** Files that import each other, directly or through others. */
export interface Circle {
  /** All of them, sorted. */
  readonly files: readonly string[];
  /** The shortest way round; the last file imports the first. */
  readonly shortest: readonly string[];
}

/** Every group of files of which each can be reached from each other one. */
export function findCircles(graph: ImportGraph): readonly Circle[] {
  return groupsOf(graph)
    .filter((files) => files.length > 1 || (graph.get(files[0] ?? "") ?? []).some(({ target }) => target === files[0]))
    .map((files) => files.toSorted())
    .map((files) => ({ files, shortest: shortestWay(graph, files) }));
}

/** Says which files form the circle, and on which line each imports the next. */
export function describeCircle(graph: ImportGraph, { files, shortest }: Circle): string {
  const steps = shortest.map((file, at) => {
    const next = shortest[(at + 1) % shortest.length];
    const line = graph.get(file)?.find(({ target }) => target === next)?.line;
    return `  ${file}:${line ?? 0} imports ${next ?? ""}`;
  });
  const others = files.filter((file) => !shortest.includes(file));
  const more = others.length === 0 ? [] : [`  in the same group: ${others.join(", ")}`];
  return [`import circle of ${files.length} ${files.length === 1 ? "file" : "files"}:`, ...steps, ...more].join("\n");
}

interface Visit {
  readonly index: number;
  low: number;
  open: boolean;
}

/** Tarjan's algorithm: strongly connected components. */
function groupsOf(graph: ImportGraph): readonly (readonly string[])[] {
  const visits = new Map<string, Visit>();
  const stack: string[] = [];
  const groups: string[][] = [];

  function visit(file: string): Visit {
    const own: Visit = { index: visits.size, low: visits.size, open: true };
    visits.set(file, own);
    stack.push(file);
    for (const { target } of graph.get(file) ?? []) {
      const seen = visits.get(target);
      if (seen === undefined) own.low = Math.min(own.low, visit(target).low);
      else if (seen.open) own.low = Math.min(own.low, seen.index);
    }
    if (own.low === own.index) groups.push(close(file));
    return own;
  }

  function close(first: string): string[] {
    const group = stack.splice(stack.lastIndexOf(first));
    for (const file of group) {
      const seen = visits.get(file);
      if (seen !== undefined) seen.open = false;
    }
    return group;
  }

  for (const file of graph.keys()) if (!visits.has(file)) visit(file);
  return groups;
}

function shortestWay(graph: ImportGraph, files: readonly string[]): readonly string[] {
  const ways = files.map((file) => wayBack(graph, file, new Set(files)));
  return ways.reduce((best, way) => (way.length < best.length ? way : best));
}

/** The shortest way from a file back to itself, breadth first. */
function wayBack(graph: ImportGraph, start: string, within: ReadonlySet<string>): readonly string[] {
  const seen = new Set<string>();
  let ways: readonly (readonly string[])[] = [[start]];
  while (ways.length > 0) {
    const longer = ways.flatMap((way) => (graph.get(way.at(-1) ?? "") ?? []).map(({ target }) => [...way, target]));
    const round = longer.find((way) => way.at(-1) === start);
    if (round !== undefined) return round.slice(0, -1);
    ways = longer.filter((way) => isFirst(seen, way.at(-1) ?? "", within));
  }
  return [start];
}

function isFirst(seen: Set<string>, file: string, within: ReadonlySet<string>): boolean {
  if (!within.has(file) || seen.has(file)) return false;
  seen.add(file);
  return true;
}
