import type { Clock } from "../platform/ports.ts";
import { grants, inProject, type TokenClaims } from "./token-claims.ts";
import { cutScopes, groupScopes, mergeScopes, repositoryOf, rightsOf } from "./token-scopes.ts";

export interface Token {
  /** `Bearer …`. */
  readonly header: string;
  /** What it is used for: what was asked for. */
  readonly scopes: readonly string[];
  readonly rights: ReadonlySet<string>;
  /** `push team`: what it is used for in every repository of a project, where its kind is good for that. */
  readonly projects?: ReadonlySet<string>;
  /** What it says of itself; undefined where it says nothing. */
  readonly claims: TokenClaims | undefined;
  /** Of the monotonic clock: not used any more from then on. */
  readonly staleAt: number;
}

/** The tokens of one registry, and what is asked for so that they are few. */
export interface TokenBook {
  /** A token that is good for these scopes by what was asked for, or by what was asked for of another repository of their project. */
  find(scopes: readonly string[]): Token | undefined;
  /** What to ask for where these are needed: them, and what will be needed with them. */
  askFor(scopes: readonly string[]): readonly string[];
  /** Puts it in the place of those that it makes needless. Where it says that only some scopes were heard, it is kept for those. */
  keep(token: Token): Token;
  of(header: string): Token | undefined;
  drop(token: Token): void;
  /** A request with it was not refused. */
  accept(token: Token): void;
  isAccepted(token: Token): boolean;
  /**
   * Told of a token that was refused. Whether it was used for more than it was asked for, and by its kind should have been let
   * in: then tokens are good for what they name alone here, and from now on are used for nothing else.
   */
  overrated(token: Token, scopes: readonly string[]): boolean;
  /** From now on nothing is asked for but what is needed: the token service does not take several scopes. */
  askApart(): void;
  /** Scopes that will be needed. Tokens that lack a right are not used any more: there may be more rights now. */
  expect(scopes: readonly string[]): void;
}

const mostTokens = 500;

/** Starts without tokens. */
export function createTokenBook(clock: Pick<Clock, "monotonicMs">): TokenBook {
  let tokens: readonly Token[] = [];
  let groups: readonly (readonly string[])[] = [];
  let apart = false;
  let exact = false;
  const accepted = new WeakSet<Token>();
  /** By the repository that is asked for first: what was needed together with it, so that one token serves all its mounts. */
  const companions = new Map<string, readonly string[]>();

  function askFor(scopes: readonly string[]): readonly string[] {
    if (apart) return mergeScopes(scopes);
    const first = repositoryOf(scopes[0] ?? "");
    const inGroup = (group: readonly string[]): boolean => group.some((scope) => repositoryOf(scope) === first);
    const needed = mergeScopes([...(groups.find(inGroup) ?? []), ...scopes]);
    const key = repositoryOf(needed[0] ?? "");
    const known = mergeScopes([...(companions.get(key) ?? []), ...scopes.slice(1)]);
    companions.set(key, known);
    return cutScopes(mergeScopes([...needed, ...known]), needed.length);
  }

  function keep(token: Token): Token {
    const heard = apart ? token : heardOnly(token);
    apart ||= heard !== token;
    const kept = exact ? forItselfAlone(heard) : forProjects(heard);
    const others = tokens.filter(
      (other) => clock.monotonicMs() < other.staleAt && ![...other.rights].every((right) => kept.rights.has(right)),
    );
    tokens = [kept, ...others].slice(0, mostTokens);
    return kept;
  }

  function useExactly(): void {
    exact = true;
    tokens = tokens.map((token) => {
      const alone = forItselfAlone(token);
      if (accepted.has(token)) accepted.add(alone);
      return alone;
    });
  }

  function isWhole(token: Token): boolean {
    return accepted.has(token) && (token.claims === undefined || grants(token.claims, token.scopes));
  }

  return {
    askFor,
    keep,
    find: (scopes) => {
      const rights = rightsOf(scopes);
      const now = clock.monotonicMs();
      return tokens.find((token) => now < token.staleAt && rights.every((right) => isFor(token, right)));
    },
    of: (header) => tokens.find((token) => token.header === header),
    drop: (token) => {
      tokens = tokens.filter((other) => other !== token);
    },
    accept: (token) => void accepted.add(token),
    isAccepted: (token) => accepted.has(token),
    overrated: (token, scopes) => {
      if (rightsOf(scopes).every((right) => token.rights.has(right))) return false;
      if (!exact && (token.claims === undefined || !grants(token.claims, scopes))) return false;
      // Others may be under way with it.
      if (!exact) useExactly();
      return true;
    },
    askApart: () => {
      apart = true;
    },
    expect: (scopes) => {
      groups = groupScopes(scopes);
      tokens = tokens.filter(isWhole);
    },
  };
}

function isFor({ rights, projects }: Token, right: string): boolean {
  return rights.has(right) || projects?.has(inProject(right)) === true;
}

/** Where it says of one repository what holds for its project, it is used for the others, too: also to be told no. */
function forProjects(token: Token): Token {
  if (token.claims?.projects === undefined) return token;
  return { ...token, projects: new Set([...token.rights].map(inProject)) };
}

function forItselfAlone({ header, scopes, rights, staleAt, claims }: Token): Token {
  if (claims === undefined) return { header, scopes, rights, staleAt, claims };
  const { subject, rights: granted, repositories } = claims;
  return { header, scopes, rights, staleAt, claims: { subject, rights: granted, repositories } };
}

/** Some token services look at one scope of several. The others are not even named then, whatever rights there are. */
function heardOnly(token: Token): Token {
  const { claims, scopes } = token;
  if (claims === undefined) return token;
  const heard = scopes.filter((scope) => claims.repositories.has(repositoryOf(scope)));
  if (heard.length === 0 || heard.length === scopes.length) return token;
  return { ...token, scopes: heard, rights: new Set(rightsOf(heard)) };
}
