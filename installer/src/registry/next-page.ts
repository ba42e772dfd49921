import { RegistryError } from "../errors/installer-error.ts";
import { type Errand, nameOf } from "./registry-errors.ts";
import type { RegistryResponse } from "./registry-connection.ts";
import { locate } from "./registry-connection.ts";

/** More pages than this are a list without end. */
const pageLimit = 200;

/**
 * Where a list goes on: RFC 5988, as OCI distribution 1.1 uses it for tags and referrers.
 * @throws RedirectError when the link is no address
 */
export function nextPage({ headers, url }: Pick<RegistryResponse, "headers" | "url">, host: string): URL | undefined {
  const link = /^\s*<([^>]+)>\s*;\s*rel="?next"?/.exec(headers["link"] ?? "")?.[1];
  return link === undefined ? undefined : locate(link, url, host);
}

/** One page of a list, and where the list goes on. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: URL | undefined;
}

/**
 * Reads a list page by page to its end. Undefined where a page is.
 * @throws RegistryError when it has too many pages
 */
export async function readPages<Item>(
  list: Pick<Errand, "host" | "object" | "repository">,
  first: string,
  read: (target: string | URL, isFirst: boolean) => Promise<Page<Item> | undefined>,
): Promise<readonly Item[] | undefined> {
  const found: Item[] = [];
  let target: string | URL | undefined = first;
  for (let page = 0; target !== undefined; page += 1) {
    if (page === pageLimit) throw new RegistryError(`${nameOf(list)}: has more than ${pageLimit} pages`);
    const answer: Page<Item> | undefined = await read(target, page === 0);
    if (answer === undefined) return undefined;
    // One by one: a page may have more than a call takes arguments.
    for (const item of answer.items) found.push(item);
    target = answer.next;
  }
  return found;
}
