import type { Exchange } from "./exchange.ts";
import { isAlwaysAllowed } from "./redirects.ts";

/** Open to pages of everybody, as long as the address has no query. */
const openToAll = ["POST /api/login/oauth/access_token", "GET /api/userinfo"];

/**
 * Whether a page of somebody else asks, as Casdoor's routers/cors_filter.go sees it: neither at its own origin or host, nor at this machine
 * or at an origin of which an application has a redirect address, while Casdoor itself is not reached by a private IP address.
 */
export async function isForeign({ headers, method, url, origin: own, store }: Exchange): Promise<boolean> {
  const origin = headers.origin ?? "";
  if (origin === "" || origin === "null" || origin === own) return false;
  if (openToAll.includes(`${method} ${url.pathname}${url.search}`)) return false;
  const asking = URL.parse(origin);
  const host = (headers.host ?? "").replace(/:\d+$/, "");
  if (asking !== null && (isAlwaysAllowed(asking) || asking.hostname === host)) return false;
  if (isPrivateAddress(host)) return false;
  const applications = await store.find("application", {});
  return !applications.some(({ redirectUris }) => redirectUris?.some((uri) => URL.parse(uri)?.origin === origin));
}

/** RFC 1918, loopback and link-local. */
function isPrivateAddress(host: string): boolean {
  return /^(127|10)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\./.test(host);
}
