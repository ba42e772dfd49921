const shownDifferences = 6;

/** Where two plain values differ, as `path old → new`; the first few of them. */
export function describeDifferences(before: unknown, after: unknown): readonly string[] {
  const found: string[] = [];
  collect("", before, after, found);
  if (found.length <= shownDifferences) return found;
  return [...found.slice(0, shownDifferences), `and ${found.length - shownDifferences} more`];
}

function collect(path: string, before: unknown, after: unknown, found: string[]): void {
  if (Object.is(before, after)) return;
  if (!isContainer(before) || !isContainer(after)) {
    found.push(`${path || "it"} ${show(before)} → ${show(after)}`);
    return;
  }
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    collect(path === "" ? key : `${path}.${key}`, before[key], after[key], found);
  }
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

/** A plan names secrets and holds none, so every value of it may be shown. */
function show(value: unknown): string {
  if (value === undefined) return "nothing";
  const text = JSON.stringify(value);
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}
