import type { RegistryResponse } from "./registry-connection.ts";
import { locate } from "./registry-connection.ts";

/** More pages than this are a list without end. */
export const pageLimit = 200;

/**
 * Where a list goes on: RFC 5988, as OCI distribution 1.1 uses it for tags and referrers.
 * @throws RedirectError when the link is no address
 */
export function nextPage({ headers, url }: Pick<RegistryResponse, "headers" | "url">, host: string): URL | undefined {
  const link = /^\s*<([^>]+)>\s*;\s*rel="?next"?/.exec(headers["link"] ?? "")?.[1];
  return link === undefined ? undefined : locate(link, url, host);
}
