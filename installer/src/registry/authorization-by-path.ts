import type { Authorization, RegistryAuthorization } from "./authorization.ts";
import type { CredentialStore } from "./credentials.ts";
import { repositoryOfScope } from "./registry-session.ts";

/** Who signs in where at one registry: one authorization for all of it, and one for each path that has a login of its own. */
export interface Authorizations {
  /** For a request: by the repository of its first scope. */
  readonly of: (scopes: readonly string[]) => Promise<Authorization>;
  /** Whether a user and password, or a token of theirs, were used for this repository. */
  readonly signedIn: (repository: string) => boolean;
  /** Scopes that will be needed, told to whoever signs in for them; see `RegistryAuthorization`. */
  readonly expect: (scopes: readonly string[]) => void;
}

/** @param make an authorization that finds its credentials in this store */
export function createAuthorizations(
  host: string,
  store: CredentialStore,
  make: (credentials: CredentialStore) => RegistryAuthorization,
): Authorizations {
  const byPath = new Map<string, RegistryAuthorization>();
  let expected: readonly string[] = [];
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

  function at(path: string): Authorization {
    const known = byPath.get(path);
    if (known !== undefined) return known;
    const made = make({ find: (name) => store.find(name, path) });
    byPath.set(path, made);
    tellExpected(made, path);
    return made;
  }

  function tellExpected(authorization: RegistryAuthorization, path: string): void {
    const scopes = expected.filter((scope) => pathOf(repositoryOfScope(scope)) === path);
    if (scopes.length > 0) authorization.expect(scopes);
  }

  return {
    of: async (scopes) => {
      await (reading ??= readPaths());
      return at(pathOf(repositoryOfScope(scopes[0])));
    },
    expect: (scopes) => {
      expected = scopes;
      for (const [path, authorization] of byPath) tellExpected(authorization, path);
    },
    signedIn: (repository) => byPath.get(pathOf(repository))?.signedIn() ?? false,
  };
}
