import { PreflightError } from "../../errors/installer-error.ts";
import { compareVersions } from "../../language/compare-versions.ts";

/** A version of Slipway, and the versions that it takes over in one step. */
export interface Release {
  readonly version: string;
  readonly from: readonly string[];
}

/**
 * Every version there is, oldest first. A version may be reached only from those it names: their state, values and data are what its
 * migrations were tried on. Bundles carry the line of their own version.
 */
export const releases: readonly Release[] = [
  { version: "0.1.0", from: [] },
  { version: "0.2.0", from: ["0.1.0"] },
];

/** The versions from which a version may be reached in one step; none of a version that is not known. */
export function previousOf(version: string, graph: readonly Release[] = releases): readonly string[] {
  return graph.find((release) => release.version === version)?.from ?? [];
}

/**
 * The versions to install one after the other, the wanted one last; none where it runs already. The shortest way is taken.
 * @throws PreflightError for an older version, and where no way leads
 */
export function pathBetween(running: string, wanted: string, graph: readonly Release[] = releases): readonly string[] {
  const order = compareVersions(running, wanted);
  if (order === 0) return [];
  if (order > 0) {
    throw new PreflightError(
      `${running} is installed, and this program is ${wanted}: a platform is not taken to an older version`,
      {
        hint: `take Slipway ${running} or a newer one; slipway rollback goes back from an upgrade that is not accepted yet. Nothing was changed`,
      },
    );
  }
  const path = walkBack(wanted, running, graph);
  if (path !== undefined) return path;
  throw new PreflightError(`no way is known from ${running} to ${wanted}`, {
    hint: `known versions are ${graph.map(({ version }) => version).join(", ")}; nothing was changed`,
  });
}

/** Breadth first from the wanted version, so that the first way found has the fewest stops. */
function walkBack(wanted: string, running: string, graph: readonly Release[]): readonly string[] | undefined {
  const seen = new Set<string>();
  let ways: readonly (readonly string[])[] = [[wanted]];
  while (ways.length > 0) {
    const found = ways.find(([first = ""]) => previousOf(first, graph).includes(running));
    if (found !== undefined) return found;
    for (const [first = ""] of ways) seen.add(first);
    ways = ways.flatMap((way) =>
      previousOf(way[0] ?? "", graph)
        .filter((previous) => !seen.has(previous))
        .map((previous) => [previous, ...way]),
    );
  }
  return undefined;
}

/**
 * Sees to it that this program may take an install over in one step.
 * @throws PreflightError naming the version that must come before
 */
export function requireOneStep(running: string, wanted: string, graph: readonly Release[] = releases): void {
  const path = pathBetween(running, wanted, graph);
  const [next] = path;
  if (next === undefined || path.length === 1) return;
  throw new PreflightError(`${running} does not become ${wanted} in one step: ${[running, ...path].join(" → ")}`, {
    hint: `upgrade with Slipway ${next} first; nothing was changed`,
  });
}
