/** Fewer digits could be those of another plan. */
export const shortestPlanHash = 12;
const shownDigits = 16;

/** The first digits of a plan's hash, for people: what `--plan-hash` takes too. */
export function shortPlanHash(hash: string): string {
  return hash.slice(0, shownDigits);
}

/** Whether the digits a person gave are those the hash of the plan begins with. */
export function isPlanHash(given: string, hash: string): boolean {
  return given === hash || (given.length >= shortestPlanHash && hash.startsWith(given.toLowerCase()));
}
