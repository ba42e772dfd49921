import { drain, readRefusal } from "./refusal.ts";
import type { RegistryConnection, RegistryRequest, RegistryResponse } from "./registry-connection.ts";
import { type Errand, explainFailure } from "./registry-errors.ts";
import type { Actions } from "./registry-client.ts";
import type { Retrier } from "./retry.ts";

/** What every operation on a registry works with. */
export interface RegistrySession {
  readonly host: string;
  readonly retrier: Retrier;
  readonly signal: AbortSignal;
  /** Chains of changes to one thing that must not overlap. */
  readonly turns: Map<string, Promise<unknown>>;
  /**
   * One answer, as it comes, when its status is one of those; no retries.
   * @throws Refusal, TransportError
   */
  once(request: RegistryRequest, expected: readonly number[]): Promise<RegistryResponse>;
  /**
   * Sends, tries again and reads, as one unit.
   * @throws RegistryError with advice when it finally failed
   */
  settle<Result>(
    request: RegistryRequest & { readonly errand: Subject },
    expected: readonly number[],
    read: (response: RegistryResponse) => Promise<Result> | Result,
  ): Promise<Result>;
  /** Makes the error for people out of whatever stopped it. */
  explain(error: unknown, subject: Subject): Error;
}

export type Subject = Pick<Errand, "object" | "repository" | "action">;

/** Scopes of the distribution project's token authentication. */
export function scopeOf(repository: string, actions: Actions | "push"): string {
  return `repository:${repository}:${actions}`;
}

/** The repository that a scope is for. */
export function repositoryOfScope(scope: string | undefined): string | undefined {
  return /^repository:(.+):[^:]+$/.exec(scope ?? "")?.[1];
}

/** Ties connection, authorization and retries of one registry together. */
export function createSession(parts: {
  readonly host: string;
  readonly connection: RegistryConnection;
  /** Whether a user and password, or a token of theirs, are used for this repository. */
  readonly signedIn: (repository: string) => boolean;
  readonly retrier: Retrier;
  readonly signal: AbortSignal;
}): RegistrySession {
  const { host, connection, signedIn, retrier, signal } = parts;

  async function once(request: RegistryRequest, expected: readonly number[]): Promise<RegistryResponse> {
    const response = await connection.send(request);
    if (expected.includes(response.status)) return response;
    throw await readRefusal(response);
  }

  function explain(error: unknown, subject: Subject): Error {
    return explainFailure(error, { ...subject, host, signedIn: signedIn(subject.repository) });
  }

  return {
    host,
    retrier,
    signal,
    turns: new Map(),
    once,
    explain,
    settle: async (request, expected, read) => {
      try {
        return await retrier.run(request.errand.object, request.signal, async () => {
          const response = await once(request, expected);
          try {
            return await read(response);
          } finally {
            // Keeps the connection: what is left of a small answer is read to its end.
            drain(response.body);
          }
        });
      } catch (error) {
        throw explain(error, request.errand);
      }
    },
  };
}
