/**
 * Order of two versions by SemVer 2.0.0, section 11; build metadata does not count, and missing numbers are 0.
 * @returns negative when the first is older, positive when it is newer, 0 when they are the same
 */
export function compareVersions(a: string, b: string): number {
  const [first, second] = [parse(a), parse(b)];
  for (let index = 0; index < 3; index += 1) {
    const difference = (first.numbers[index] ?? 0) - (second.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePrerelease(first.prerelease, second.prerelease);
}

interface Version {
  readonly numbers: readonly number[];
  readonly prerelease: readonly string[];
}

function parse(text: string): Version {
  const [version = ""] = text.replace(/^v/, "").split("+");
  const dash = version.indexOf("-");
  const numbers = (dash < 0 ? version : version.slice(0, dash))
    .split(".")
    .map((part) => Number.parseInt(part, 10) || 0);
  return { numbers, prerelease: dash < 0 ? [] : version.slice(dash + 1).split(".") };
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
