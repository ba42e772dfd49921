import { errorText, ToolboxError } from "./errors.ts";

const byCode: Readonly<Record<string, string>> = {
  ENOTFOUND: "the host name is not known here: look at the network the containers share and at the service's name",
  EAI_AGAIN: "name resolution does not answer: look at the engine's DNS and whether the service is running",
  ECONNREFUSED: "nothing listens there: look whether the service is running and on which port (its log, its health)",
  ECONNRESET: "the other side closed the connection: look at its log; TLS spoken to a plain port looks like this too",
  EPIPE: "the other side closed the connection: look at its log",
  EHOSTUNREACH: "there is no way to the host: look whether both containers share a network",
  ENETUNREACH: "there is no way to the network: look whether both containers share a network",
  ETIMEDOUT: "nothing answered in time: look at networks and firewalls, and whether the service is overloaded",
  ENOENT: "a file or program is missing: look at the mounts of the toolbox container",
  EACCES: "a file may not be read: it must belong to the toolbox's user",
  CERT_HAS_EXPIRED: "the certificate has expired: renew it",
  DEPTH_ZERO_SELF_SIGNED_CERT: "the certificate is not signed by the given CA: look which certificate the server has",
  SELF_SIGNED_CERT_IN_CHAIN: "the chain ends in another CA than the given one",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "the certificate is not signed by the given CA, or an intermediate is missing",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "the certificate is signed by a CA that was not given",
  ERR_TLS_CERT_ALTNAME_INVALID: "the certificate is for other names: make it anew with this name in it",
  ERR_SSL_WRONG_VERSION_NUMBER: "the server does not speak TLS on this port",
  EPROTO: "TLS failed: the server speaks no TLS there, or only old versions",
  HPE_INVALID_CONSTANT: "the answer is not HTTP: look at the port",
  // PostgreSQL, https://www.postgresql.org/docs/17/errcodes-appendix.html
  "28P01":
    "wrong user or password: the role's password is not the recorded one; slipway run postgres-databases sets it",
  "28000": "the server does not let this user in from here: look at pg_hba.conf and whether TLS is required",
  "3D000": "the database does not exist: slipway run postgres-databases makes it",
  "42501": "the role lacks a right: slipway run postgres-databases sets it; look at owner and grants",
  "53300": "the server has no connection left: look at max_connections and who holds them",
  "57P03": "the server is still starting or stopping",
  "57P01": "the server was shut down while it worked",
  "53100": "the server's disk is full",
  // S3 and MinIO
  InvalidAccessKeyId: "the store does not know this access key: slipway run minio-buckets makes it",
  SignatureDoesNotMatch: "wrong secret key, or a proxy changed the Host header or the path on the way",
  AccessDenied: "the key's policy does not allow this: slipway run minio-buckets sets it",
  NoSuchBucket: "the bucket does not exist: slipway run minio-buckets makes it",
  AuthorizationHeaderMalformed: "the region differs from the store's: look at both regions",
  RequestTimeTooSkewed: "the clocks differ by more than 15 minutes",
  XMinioStorageFull: "the store's disk is full",
  // Redis
  WRONGPASS: "wrong password: the service was started with another one; restart it with the recorded password",
  NOAUTH: "a password is needed and none was accepted",
  // NATS
  AUTHORIZATION_VIOLATION: "wrong user or password: look at the users in the server's configuration",
  CONNECTION_REFUSED: "nothing listens there: look whether the service is running and on which port",
};

const grpcCodes: Readonly<Record<number, string>> = {
  3: "the service does not take the request: look at names in it, as the storage's, and at the service's version",
  4: "no answer in time: look at the service's log and load",
  5: "the service does not know what was asked for: look whether its bootstrap job has run",
  7: "the token is wrong or too old: look at the token on both sides and at the clocks",
  12: "the service does not offer this call: look at its version",
  13: "the service failed inside: look at its log",
  14: "no connection: look whether the service is running, its name and its port",
  16: "the service asks for a token: look at the token on both sides",
};

/** The likely cause of a failure in plain words and what to look at. */
export function likelyCause(error: unknown): string {
  for (const cause of causes(error)) {
    if (cause instanceof ToolboxError && cause.advice !== undefined) return cause.advice;
    const code = (cause as { readonly code?: unknown }).code;
    if (typeof code === "string" && byCode[code] !== undefined) return byCode[code];
    const byText = fromText(errorText(cause));
    if (byText !== undefined) return byText;
    if (typeof code === "number" && isGrpcError(cause) && grpcCodes[code] !== undefined) return grpcCodes[code];
  }
  return "not known: look at the log of the service that answers";
}

function causes(error: unknown): readonly object[] {
  const chain: object[] = [];
  let current: unknown = error;
  while (typeof current === "object" && current !== null && chain.length < 6) {
    chain.push(current);
    if (current instanceof AggregateError && current.errors.length > 0) current = current.errors[0];
    else current = (current as { readonly cause?: unknown }).cause;
  }
  return chain;
}

function isGrpcError(error: object): boolean {
  return "metadata" in error && "details" in error;
}

function fromText(message: string): string | undefined {
  if (message.startsWith("WRONGPASS")) return byCode["WRONGPASS"];
  if (message.startsWith("NOAUTH")) return byCode["NOAUTH"];
  if (/name resolution failed/i.test(message)) return byCode["ENOTFOUND"];
  const quoted = /\b(ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)\b/.exec(
    message,
  )?.[1];
  if (quoted !== undefined) return byCode[quoted];
  if (/timed? ?out|timeout/i.test(message)) return byCode["ETIMEDOUT"];
  if (/authorization violation/i.test(message)) return byCode["AUTHORIZATION_VIOLATION"];
  if (/wrong version number/i.test(message)) return byCode["ERR_SSL_WRONG_VERSION_NUMBER"];
  if (/before handshake/i.test(message)) return "another kind of service answers there: look at the port";
  if (/connection terminated unexpectedly/i.test(message)) return byCode["ECONNRESET"];
  return undefined;
}
