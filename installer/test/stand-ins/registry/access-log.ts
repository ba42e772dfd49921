import type { IncomingMessage } from "node:http";

export interface AccessEntry {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly repository: string | undefined;
  /** The digest that stands in path or query. */
  readonly digest: string | undefined;
  readonly authorization: "Basic" | "Bearer" | undefined;
  /** Whose name and password were sent. */
  readonly user: string | undefined;
  status: number;
  /** Of the request's body, as far as it was read. */
  received: number;
}

/** Of a request that has just come: no answer and no body yet. */
export function entryOf({ method = "GET", url: target = "/", headers }: IncomingMessage): AccessEntry {
  const [scheme, packed = ""] = headers.authorization?.split(" ") ?? [];
  return {
    method,
    target,
    repository: /^\/v2\/(.+?)\/(?:blobs|manifests|tags|referrers)\//.exec(target)?.[1],
    digest: /sha256(?::|%3A)[0-9a-f]{64}/i.exec(target)?.[0].replace(/%3A/i, ":"),
    authorization: scheme === "Basic" || scheme === "Bearer" ? scheme : undefined,
    user: scheme === "Basic" ? Buffer.from(packed, "base64").toString().split(":")[0] : undefined,
    status: 0,
    received: 0,
  };
}
