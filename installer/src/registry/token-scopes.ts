/**
 * Scopes of the distribution project's token authentication, `repository:team/app:pull,push`, and the single rights they
 * consist of, written `push team/app`.
 */

/**
 * How long the scopes of one request may be, as they stand in its address. What limits them is the token that comes back: it
 * names each repository with all that may be done there, about twice as long as the scope that asked for it, and goes along in
 * a header. nginx, Harbor's own too, and Apache take 8 KiB for a header or the first line. Asking in the body of a POST would
 * not help, therefore, and is for refresh tokens alone at most token services: Harbor's takes GET only.
 */
const scopesLimit = 2800;

/** Each right that the scopes ask for. */
export function rightsOf(scopes: readonly string[]): readonly string[] {
  return scopes.flatMap((scope) => {
    const [, , actions = ""] = scope.split(":");
    return actions.split(",").map((action) => `${action} ${repositoryOf(scope)}`);
  });
}

/** `team/app` of `repository:team/app:pull`. */
export function repositoryOf(scope: string): string {
  return scope.split(":")[1] ?? "";
}

/** The same rights as one scope for each repository, in the order in which the repositories come first. */
export function mergeScopes(scopes: readonly string[]): readonly string[] {
  const actions = new Map<string, Set<string>>();
  for (const right of rightsOf(scopes)) {
    const [action = "", repository = ""] = right.split(" ");
    actions.set(repository, (actions.get(repository) ?? new Set()).add(action));
  }
  return [...actions].map(([repository, own]) => `repository:${repository}:${[...own].toSorted().join(",")}`);
}

/** Scopes that one request after the other asks for, each short enough. */
export function groupScopes(scopes: readonly string[]): readonly (readonly string[])[] {
  const groups: string[][] = [];
  for (let rest = mergeScopes(scopes); rest.length > 0; ) {
    const group = cutScopes(rest, 1);
    groups.push([...group]);
    rest = rest.slice(group.length);
  }
  return groups;
}

/** As many of the scopes as fit into one request, and those at the start in any case. */
export function cutScopes(scopes: readonly string[], least: number): readonly string[] {
  let length = 0;
  const most = scopes.findIndex((scope) => {
    length += "&scope=".length + encodeURIComponent(scope).length;
    return length > scopesLimit;
  });
  return most === -1 ? scopes : scopes.slice(0, Math.max(least, most));
}
