import { RegistryError } from "../errors/installer-error.ts";
import { type Challenge, parseChallenge } from "./challenge.ts";
import { basicHeader, type Credentials, type CredentialStore } from "./credentials.ts";
import { createPasswordTurn, mayHaveTried, mostShownUnproved, type PasswordTurn } from "./password-turn.ts";
import { Refusal } from "./refusal.ts";
import { explainFailure, nameOfToken } from "./registry-errors.ts";
import type { Retrier } from "./retry.ts";
import { failsToSignIn, signInRefused } from "./sign-in-errors.ts";
import { createTokenBook, type Token } from "./token-book.ts";
import { grants } from "./token-claims.ts";
import { mergeScopes, repositoryOf, rightsOf } from "./token-scopes.ts";
import { fetchToken, realmOf, type TokenServiceOptions } from "./token-service.ts";

/** A registry's answer, as far as it tells what user, password and token are worth. */
export interface AuthorizedAnswer {
  readonly status: number;
  /** WWW-Authenticate. */
  readonly challenge: string | undefined;
  /** Content-Type. */
  readonly contentType: string | undefined;
  /** The header that was sent. */
  readonly used: string | undefined;
  readonly scopes: readonly string[];
  readonly signal: AbortSignal;
}

export interface Authorization {
  /**
   * The header for these scopes; undefined while the registry has not asked for one. Its answer is to be told to `answered`,
   * or that there is none to `unanswered`: others may wait for it.
   * @throws RegistryError when user and password were refused before, or no token can be had
   */
  header(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Told every answer. Says whether the same request, with a new header, is worth sending.
   * @throws RegistryError when user and password were refused
   */
  answered(answer: AuthorizedAnswer): Promise<boolean>;
  unanswered(used: string | undefined): void;
  /** Whether a user and password, or a token of theirs, are used. */
  signedIn(): boolean;
}

export interface RegistryAuthorization extends Authorization {
  /** Scopes that will be needed, to be asked for together. Told again, tokens that lacked a right are asked for anew. */
  expect(scopes: readonly string[]): void;
  /** Whether the token that was asked for these says of itself that it is good for them; `unsure` where none says anything. */
  isGranted(scopes: readonly string[]): boolean | "unsure";
}

export interface AuthorizationOptions extends TokenServiceOptions {
  readonly credentials: CredentialStore;
  readonly retrier: Retrier;
  /** What is known of these, shared by all who have the same; known to nobody else unless told. */
  readonly turnOf?: (credentials: Credentials) => PasswordTurn;
}

/**
 * Signs in the way the registry asks: not at all, with user and password, or with tokens that are as few as the registry
 * allows and are renewed in time. A password that was proved wrong is not sent again.
 */
export function createAuthorization(options: AuthorizationOptions): RegistryAuthorization {
  const { host } = options;
  const book = createTokenBook(options.clock);
  /** Of nobody until there are user and password. */
  let turn = createPasswordTurn();
  const pending = new Map<string, Promise<Token | undefined>>();
  /** What was renewed after a 401, by the scopes that were needed and by those that were asked for, and not let in since. */
  const renewed = new Set<string>();
  /** What a token service said that takes one scope a request. */
  let oneScopeOnly: Refusal | undefined;
  /** What a token service forbade a user that it knows, or everybody, by what was asked for. */
  const forbidden = new Map<string, Error>();
  let challenge: Challenge | undefined;
  let credentials: Credentials | undefined;
  /** How often the registry itself failed when it was shown them. */
  let shownInVain = 0;
  /** Ends the turn of the request that shows user and password to the registry itself. */
  let endTurn = (): void => undefined;

  async function tokenFor(scopes: readonly string[], signal: AbortSignal): Promise<Token> {
    for (;;) {
      const fitting = book.find(scopes);
      if (fitting !== undefined) return fitting;
      const wanted = book.askFor(scopes);
      const key = wanted.join(" ");
      const under = pending.get(key) ?? obtain(wanted, scopes, signal).finally(() => pending.delete(key));
      pending.set(key, under);
      const token = await under;
      if (token !== undefined && rightsOf(scopes).every((right) => token.rights.has(right))) return token;
    }
  }

  /** Undefined where the token service does not take several scopes, and less may be asked for. */
  async function obtain(
    wanted: readonly string[],
    needed: readonly string[],
    signal: AbortSignal,
  ): Promise<Token | undefined> {
    if (wanted.length > 1 && oneScopeOnly !== undefined) throw oneScopeOnly;
    const key = wanted.join(" ");
    const earlier = forbidden.get(key);
    if (earlier !== undefined) throw earlier;
    const got = await inTurn(wanted, signal);
    if (!(got instanceof Refusal)) return book.keep(got);
    const isMore = rightsOf(wanted).length > rightsOf(mergeScopes(needed)).length;
    if ((isMore || wanted.length > 1) && refusesSeveral(got)) {
      book.askApart();
      if (wanted.length > 1 && got.status === 400) oneScopeOnly = got;
      if (isMore) return undefined;
      // A mount, which is done without when it may not be done.
      throw got;
    }
    const error = explain(got, needed);
    if (got.status === 401 || got.status === 403) forbidden.set(key, error);
    throw error;
  }

  /** One request for a token, alone with the password until that is known to be worth something. */
  async function inTurn(scopes: readonly string[], signal: AbortSignal): Promise<Token | Refusal> {
    const done = credentials === undefined ? () => undefined : await turn.take();
    try {
      const token = await ask(scopes, signal);
      judge(token);
      return token;
    } catch (error) {
      if (error instanceof RegistryError && credentials !== undefined && turn.isUnproved()) throw turn.wrong(error);
      if (!(error instanceof Refusal)) throw explain(error, scopes);
      if (credentials !== undefined) await judgeRefusal(error, signal);
      return error;
    } finally {
      done();
    }
  }

  /** Tried again as all requests are, but for what may be a wrong password: a service that fails may have tried it. */
  function ask(scopes: readonly string[], signal: AbortSignal): Promise<Token> {
    if (challenge?.scheme !== "bearer") throw new RegistryError(`${host} asks for no token`);
    const { realm, service } = challenge;
    const request = { realm: realmOf(realm, options), service, scopes, credentials, signal };
    return options.retrier.run(`token of ${host}`, signal, (number) =>
      fetchToken(request, options).catch((error: unknown) => {
        const isLast = number >= mostShownUnproved && credentials !== undefined && turn.isUnproved();
        throw isLast && mayHaveTried(error) ? explain(error, scopes) : error;
      }),
    );
  }

  /** Harbor gives who shows a wrong password a token that belongs to nobody, and then refuses it. */
  function judge({ claims, scopes }: Token): void {
    if (credentials === undefined) return;
    const subject = credentials.kind === "password" ? claims?.subject : "a token's own";
    if (claims !== undefined && subject === "" && !grants(claims, scopes)) {
      throw turn.wrong(signInRefused(host, credentials));
    }
    if (subject === undefined || subject === "") turn.plausible();
    else turn.right();
  }

  /** A token service that refuses user and password is not asked again. One that forbids something may know them all the same. */
  async function judgeRefusal(refusal: Refusal, signal: AbortSignal): Promise<void> {
    const { status } = refusal;
    if (status === 403 && !turn.isRight()) await requireKnown([401, 403], signal);
    if (status === 401) throw turn.wrong(signInRefused(host, credentials, refusal));
  }

  function explain(error: unknown, scopes: readonly string[]): Error {
    const isRefused = error instanceof Refusal && (error.status === 401 || error.status === 403);
    if (isRefused && credentials === undefined) return signInRefused(host, credentials, error);
    const realm =
      challenge?.scheme === "bearer" && URL.canParse(challenge.realm) ? new URL(challenge.realm).host : host;
    const repository = isRefused ? repositoryOf(scopes[0] ?? "") : host;
    const action = scopes.some((scope) => /\bpush\b/.test(scope.slice(scope.lastIndexOf(":")))) ? "write" : "read";
    return explainFailure(error, { host: realm, object: nameOfToken, repository, action, signedIn: isRefused });
  }

  function refusesSeveral(error: unknown): error is Refusal {
    if (!(error instanceof Refusal)) return false;
    if (error.status === 401) return credentials === undefined;
    return [400, 403, 404, 405, 413, 414, 422, 431].includes(error.status);
  }

  async function confirmPassword(signal: AbortSignal): Promise<void> {
    if (credentials?.kind !== "password" || turn.isRight()) return;
    const done = await turn.doubt();
    try {
      if (!turn.isRight()) await requireKnown([401], signal);
    } finally {
      done();
    }
  }

  /**
   * Asked without a scope, as `docker login` does, a token service only says whether it knows the user. One that does not
   * answer this question is not asked it again.
   * @throws RegistryError when it answers with one of these
   */
  async function requireKnown(unknown: readonly number[], signal: AbortSignal): Promise<void> {
    try {
      await ask([], signal);
    } catch (error) {
      if (error instanceof Refusal && unknown.includes(error.status)) {
        throw turn.wrong(signInRefused(host, credentials, error));
      }
    }
    turn.right();
  }

  /** Whether there is another token to be had than the one that was refused. */
  async function isWorthRenewing(token: Token, reason: string | undefined, answer: AuthorizedAnswer): Promise<boolean> {
    const { scopes, signal } = answer;
    const { claims } = token;
    const lacksRight = claims !== undefined && !grants(claims, scopes);
    const isOver = claims !== undefined || reason === "invalid_token";
    const wasGood = book.isAccepted(token);
    // It may have been had for a wrong password, without the right, or be good for another scope.
    if (lacksRight || (!isOver && !wasGood)) await confirmPassword(signal);
    if (lacksRight) return false;
    const { needed, asked } = keysOf(token, scopes);
    if (renewed.has(needed) || (!wasGood && renewed.has(asked))) return false;
    if (!isOver) {
      // Asked for more than there is a right to, some give nothing at all.
      const isWide = token.rights.size > rightsOf(mergeScopes(scopes)).length;
      if (token.scopes.length > 1 || isWide) book.askApart();
      // The same question would have the same answer.
      else if (!wasGood || reason === "insufficient_scope") return false;
    }
    renewed.add(needed).add(asked);
    book.drop(token);
    return true;
  }

  /** What came back to user and password. */
  function passwordAnswered({ status }: AuthorizedAnswer): false {
    // Asking again with a wrong password may lock the account: it is never sent a second time.
    if (status === 401) throw turn.wrong(signInRefused(host, credentials));
    if (isLetIn(status)) turn.right();
    else if (status >= 500 && turn.isUnproved()) shownInVain += 1;
    return false;
  }

  async function findCredentials(): Promise<void> {
    if (credentials !== undefined) return;
    const found = await options.credentials.find(host);
    if (found === undefined) return;
    credentials = found;
    turn = options.turnOf?.(found) ?? turn;
  }

  async function refusedAnswer(answer: AuthorizedAnswer): Promise<boolean> {
    const { challenge: header, used } = answer;
    const wanted = header === undefined ? undefined : parseChallenge(header);
    if (wanted === undefined) return false;
    await findCredentials();
    // Harbor asks for user and password when a token is not enough. They were right when they got that token, so
    // sending them would only turn a missing right into a wrong password.
    if (wanted.scheme === "bearer" || used === undefined) challenge = wanted;
    if (challenge?.scheme === "basic") return credentials?.kind === "password";
    const token = used === undefined ? undefined : book.of(used);
    // Without one there is one to be had; one that is not known any more was renewed meanwhile.
    if (token === undefined) return true;
    if (book.overrated(token, answer.scopes)) return true;
    return isWorthRenewing(token, wanted.scheme === "bearer" ? wanted.error : undefined, answer);
  }

  function tokenAnswered(used: string, answer: AuthorizedAnswer): boolean {
    const { status, scopes } = answer;
    const token = book.of(used);
    if (token === undefined) return false;
    if (token.scopes.length > 1 && isTooLong(answer, used)) {
      book.askApart();
      book.drop(token);
      return true;
    }
    if (isLetIn(status)) {
      book.accept(token);
      const { needed, asked } = keysOf(token, scopes);
      renewed.delete(needed);
      renewed.delete(asked);
    }
    return false;
  }

  return {
    signedIn: () => credentials !== undefined,
    isGranted: (scopes) => {
      const claims = book.find(scopes)?.claims;
      return claims === undefined ? "unsure" : grants(claims, scopes);
    },
    expect: (scopes) => {
      renewed.clear();
      forbidden.clear();
      book.expect(scopes);
    },
    header: async (scopes, signal) => {
      turn.check();
      if (challenge === undefined) return undefined;
      if (challenge.scheme === "bearer") return (await tokenFor(scopes, signal)).header;
      if (credentials?.kind !== "password") return undefined;
      endTurn = await turn.take();
      if (shownInVain >= mostShownUnproved && turn.isUnproved()) {
        endTurn();
        throw turn.wrong(failsToSignIn(host));
      }
      return basicHeader(credentials);
    },
    answered: async (answer) => {
      const { status, used } = answer;
      if (used?.startsWith("Basic ") !== true) {
        if (status === 401) return refusedAnswer(answer);
        return used === undefined ? false : tokenAnswered(used, answer);
      }
      try {
        return passwordAnswered(answer);
      } finally {
        endTurn();
      }
    },
    unanswered: (used) => {
      if (used?.startsWith("Basic ") === true) endTurn();
    },
  };
}

function keysOf(token: Token, scopes: readonly string[]): { readonly needed: string; readonly asked: string } {
  return { needed: `needed ${scopes.join(" ")}`, asked: `asked ${token.scopes.join(" ")}` };
}

/** Whether an answer says that who asked is known: not what is refused for another reason, or not answered at all. */
function isLetIn(status: number): boolean {
  return status < 500 && ![401, 403, 407, 429].includes(status);
}

/** A proxy has no room for a header that is this long. What a registry refuses with 400 it says as JSON. */
function isTooLong({ status, contentType = "" }: AuthorizedAnswer, header: string): boolean {
  return status === 431 || (status === 400 && header.length > 4000 && !/\bjson\b/.test(contentType));
}
