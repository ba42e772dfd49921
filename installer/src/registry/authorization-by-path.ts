import type { Authorization, RegistryAuthorization } from "./authorization.ts";
import type { CredentialStore } from "./credentials.ts";
import { repositoryOfScope } from "./registry-session.ts";

/** Who signs in where at one registry: one authorization for all of it, and one for each path that has a login of its own. */
export interface Authorizations {
  /** For a request: by the repository of its first scope. */
  readonly of: (scopes: readonly string[]) => Promise<Authorization>;
  /** Whether a user and password, or a token of theirs, were used for this repository. */
  readonly signedIn: (repository: string) => boolean;
  /** Whether a token says that it is good for this scope. */
  readonly isGranted: (scope: string) => boolean | "unsure";
  /** Scopes that will be needed: each authorization is told of its own. */
  readonly expect: (scopes: readonly string[]) => void;
}

/** @param make an authorization that finds its credentials in this store */
export function createAuthorizations(
  host: string,
  store: CredentialStore,
  make: (credentials: CredentialStore) => RegistryAuthorization,
): Authorizations {
  const byPath = new Map<string, RegistryAuthorization>();
  /** As they were told, one call after the other. */
  const expected: (readonly string[])[] = [];
  let paths: readonly string[] = [];
  let reading: Promise<void> | undefined;

  async function readPaths(): Promise<void> {
    // A file that cannot be read is told by whoever needs credentials; most that is pulled needs none.
    const found = await Promise.resolve(store.paths?.(host) ?? []).catch(() => []);
    paths = [...found].sort((a, b) => b.length - a.length);
  }

  function pathOf(repository: string | undefined): string {
    if (repository === undefined) return "";
    return paths.find((path) => repository === path || repository.startsWith(`${path}/`)) ?? "";
  }

  function scopesAt(path: string, scopes: readonly string[]): readonly string[] {
    return scopes.filter((scope) => pathOf(repositoryOfScope(scope)) === path);
  }

  function at(path: string): Authorization {
    const known = byPath.get(path);
    if (known !== undefined) return known;
    const made = make({ find: (name) => store.find(name, path) });
    for (const scopes of expected) made.expect(scopesAt(path, scopes));
    byPath.set(path, made);
    return made;
  }

  return {
    of: async (scopes) => {
      await (reading ??= readPaths());
      return at(pathOf(repositoryOfScope(scopes[0])));
    },
    expect: (scopes) => {
      expected.push(scopes);
      for (const [path, authorization] of byPath) authorization.expect(scopesAt(path, scopes));
    },
    isGranted: (scope) => byPath.get(pathOf(repositoryOfScope(scope)))?.isGranted([scope]) ?? "unsure",
    signedIn: (repository) => byPath.get(pathOf(repository))?.signedIn() ?? false,
  };
}
