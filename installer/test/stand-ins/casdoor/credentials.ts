import type { Exchange } from "./exchange.ts";

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** User and password of an `Authorization: Basic` header. */
export function basicCredentials(header: string | undefined): Credentials | undefined {
  const encoded = /^Basic (.+)$/i.exec(header ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const at = text.indexOf(":");
  return at < 0 ? undefined : { user: text.slice(0, at), password: text.slice(at + 1) };
}

/** The access token of a request, in its query or its header. */
export function bearerToken({ url, headers }: Pick<Exchange, "url" | "headers">): string | undefined {
  return (
    url.searchParams.get("accessToken") ??
    url.searchParams.get("access_token") ??
    /^Bearer (.+)$/i.exec(headers.authorization ?? "")?.[1]
  );
}
