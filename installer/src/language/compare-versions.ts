/**
 * Order of two versions by SemVer 2.0.0, section 11; build metadata does not count, and missing numbers are 0.
 * @returns negative when the first is older, positive when it is newer, 0 when they are the same
 */
export function compareVersions(a: string, b: string): number {
  return compareNumbers(a, b) || comparePrerelease(prereleaseOf(a), prereleaseOf(b));
}

/**
 * Whether the version of a program is before another by its numbers alone. What a distribution hangs on, as in
 * `24.0.7-0ubuntu2` or `26.1.5+dfsg1`, makes it no older; text without a number is older than all.
 */
export function isOlder(version: string, than: string): boolean {
  return compareNumbers(version, than) < 0;
}

function compareNumbers(a: string, b: string): number {
  const [first, second] = [numbersOf(a), numbersOf(b)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (first[index] ?? 0) - (second[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function numbersOf(version: string): readonly number[] {
  return (/^v?(\d+(?:\.\d+)*)/.exec(version)?.[1] ?? "0").split(".").map(Number);
}

function prereleaseOf(version: string): readonly string[] {
  const [precedence = ""] = version.split("+");
  const dash = precedence.indexOf("-");
  return dash < 0 ? [] : precedence.slice(dash + 1).split(".");
}

function comparePrerelease(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return (a.length === 0 ? 1 : 0) - (b.length === 0 ? 1 : 0);
  for (let index = 0; index < Math.max(a.length, b.length); index += 1) {
    const [left, right] = [a[index], b[index]];
    if (left === undefined) return -1;
    if (right === undefined) return 1;
    if (left === right) continue;
    const [isNumber, isOther] = [/^\d+$/.test(left), /^\d+$/.test(right)];
    if (isNumber && isOther) return Number(left) - Number(right);
    if (isNumber !== isOther) return isNumber ? -1 : 1;
    return left < right ? -1 : 1;
  }
  return 0;
}
