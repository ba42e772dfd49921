const linesShown = 5;
const subjectsNamed = 4;

/** The first lines, and how many more there are. */
export function summariseLines(lines: readonly string[]): readonly string[] {
  const more = lines.length - linesShown;
  return more <= 1 ? lines : [...lines.slice(0, linesShown), `and ${more} more`];
}

/** "postgres, redis and 7 more". */
export function nameSome(ids: readonly string[]): string {
  const more = ids.length - subjectsNamed;
  if (more <= 1) return ids.join(", ");
  return `${ids.slice(0, subjectsNamed).join(", ")} and ${more} more`;
}
