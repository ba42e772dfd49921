import type { Http } from "../platform/content-ports.ts";
import { isLoopback } from "../platform/loopback.ts";
import type { Clock, Random } from "../platform/ports.ts";
import { createAuthorization } from "./authorization.ts";
import { createAuthorizations } from "./authorization-by-path.ts";
import { openBlob } from "./blob-download.ts";
import { placeBlob } from "./blob-upload.ts";
import { type CredentialStore, noCredentials } from "./credentials.ts";
import { hasBlob } from "./has-blob.ts";
import { getManifest, headManifest } from "./manifests.ts";
import { createPasswordTurn, type PasswordTurn } from "./password-turn.ts";
import { findReferrers } from "./referrers.ts";
import type { RegistryClient } from "./registry-client.ts";
import { createConnection } from "./registry-connection.ts";
import { createSession, scopeOf } from "./registry-session.ts";
import { createRetrier, type RetryNotice, type RetryPolicy } from "./retry.ts";
import { storeManifest } from "./store-manifest.ts";
import { listTags } from "./tags.ts";

export interface RegistryClientOptions {
  /** As in references: `docker.io`, `harbor.corp:8443`. */
  readonly host: string;
  /** Closed with the client. */
  readonly http: Http;
  readonly clock: Clock;
  readonly random: Random;
  readonly credentials?: CredentialStore;
  /** Speak plain HTTP. Loopback hosts that have no TLS are found out without it. */
  readonly plainHttp?: boolean;
  /** Milliseconds without a byte after which a request fails and is tried again; 60 s unless told. */
  readonly idleTimeoutMs?: number;
  readonly retry?: RetryPolicy;
  readonly onRetry?: (notice: RetryNotice) => void;
  /** Ends everything under way except blobs, which have their own. */
  readonly signal: AbortSignal;
}

const defaultIdleTimeoutMs = 60_000;

/** A client for one registry; nothing is asked before the first call. */
export function createRegistryClient(options: RegistryClientOptions): RegistryClient {
  const { host, http, clock, signal, plainHttp = false, idleTimeoutMs = defaultIdleTimeoutMs } = options;
  const retrier = createRetrier(options, options.retry, options.onRetry);
  const connection = createConnection({ host, http, plainHttp, idleTimeoutMs }, (scopes) => authorizations.of(scopes));
  const turns = new Map<string, PasswordTurn>();
  const authorizations = createAuthorizations(host, options.credentials ?? noCredentials, (credentials) =>
    createAuthorization({
      host,
      http,
      clock,
      retrier,
      idleTimeoutMs,
      credentials,
      // The same login may be kept for several paths.
      turnOf: (found) => {
        const key = JSON.stringify(found);
        const turn = turns.get(key) ?? createPasswordTurn();
        turns.set(key, turn);
        return turn;
      },
      // A registry on this machine that turns out to have no TLS says nothing about a token service elsewhere.
      allowPlain: (hostname) => plainHttp || (connection.isPlain() && isLoopback(hostname)),
    }),
  );
  const session = createSession({ host, connection, signedIn: authorizations.signedIn, retrier, signal });
  return {
    host,
    expect: (access) => authorizations.expect(access.map(({ repository, actions }) => scopeOf(repository, actions))),
    isGranted: ({ repository, actions }) => authorizations.isGranted(scopeOf(repository, actions)),
    headManifest: (repository, reference) => headManifest(session, repository, reference),
    getManifest: (repository, reference) => getManifest(session, repository, reference),
    putManifest: (repository, reference, manifest) => storeManifest(session, repository, reference, manifest),
    openBlob: (repository, descriptor, range) => openBlob(session, repository, descriptor, range),
    hasBlob: (repository, descriptor) => hasBlob(session, { repository, descriptor, actions: "pull", signal }),
    placeBlob: (placement) => placeBlob(session, placement),
    referrers: (repository, digest) => findReferrers(session, repository, digest),
    tags: (repository) => listTags(session, repository),
    close: () => http.close(),
  };
}
