import { RegistryError } from "../errors/installer-error.ts";
import { nextPage, type Page, readPages } from "./next-page.ts";
import { readBounded } from "./refusal.ts";
import { nameOf } from "./registry-errors.ts";
import { type RegistrySession, scopeOf, type Subject } from "./registry-session.ts";

const bodyLimit = 4 * 1024 * 1024;

/** All tags, page by page; none when the repository does not exist. */
export async function listTags(session: RegistrySession, repository: string): Promise<readonly string[]> {
  const subject: Subject = { object: "the list of tags", repository, action: "read" };
  const tags = await readPages(
    { ...subject, host: session.host },
    `/v2/${repository}/tags/list?n=1000`,
    (target): Promise<Page<string>> =>
      session.settle(
        {
          method: "GET",
          target,
          headers: { accept: "application/json" },
          scopes: [scopeOf(repository, "pull")],
          signal: session.signal,
          errand: subject,
        },
        [200, 404],
        async (response) => {
          if (response.status === 404) return { items: [], next: undefined };
          return {
            items: parseTags(await readBounded(response.body, bodyLimit), session.host, subject),
            next: nextPage(response, session.host),
          };
        },
      ),
  );
  return tags ?? [];
}

function parseTags(body: Buffer, host: string, subject: Subject): readonly string[] {
  try {
    const { tags } = JSON.parse(body.toString("utf8")) as { tags?: unknown };
    if (tags === null || tags === undefined) return [];
    if (Array.isArray(tags)) {
      return tags.filter((tag): tag is string => typeof tag === "string" && /^\w[\w.-]{0,127}$/.test(tag));
    }
  } catch {
    // Told below.
  }
  throw new RegistryError(`${nameOf({ ...subject, host })}: the answer is not a list of tags`, {
    hint: `check that ${host} is a registry`,
  });
}
