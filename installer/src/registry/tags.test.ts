import { Readable } from "node:stream";
import { expect, test } from "vitest";
import type { RegistryResponse } from "./registry-connection.ts";
import type { RegistrySession } from "./registry-session.ts";
import { listTags } from "./tags.ts";

/** A registry that answers every page with these tags, and names the next page by that link. */
function sessionWith(tags: readonly string[], link?: string): RegistrySession {
  const answer = (): RegistryResponse => ({
    status: 200,
    headers: link === undefined ? {} : { link },
    body: Readable.from([Buffer.from(JSON.stringify({ tags }))]),
    url: new URL("http://127.0.0.1/v2/a/tags/list"),
  });
  const settle: RegistrySession["settle"] = async (_request, _expected, read) => read(answer());
  return { host: "127.0.0.1", settle } as RegistrySession;
}

test("a page of very many tags is read like any other", async () => {
  const many = Array.from({ length: 300_000 }, (_, at) => `t${at}`);

  expect(await listTags(sessionWith(many), "a")).toHaveLength(300_000);
});

test("a list without end is refused", async () => {
  const session = sessionWith(["1"], '</v2/a/tags/list?n=1000>; rel="next"');

  await expect(listTags(session, "a")).rejects.toThrow("has more than 200 pages");
});
