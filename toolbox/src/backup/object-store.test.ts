import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { ToolboxError } from "../errors.ts";
import type { CopyContext } from "./copy.ts";
import { objectPath, rangesOf } from "./object-calls.ts";
import { restoreObjects, saveObjects } from "./object-store.ts";

type Answer = (request: IncomingMessage, response: ServerResponse, call: string) => void;

let folder: string;
let server: Server;
let answer: Answer;
const lines: string[] = [];
const context: CopyContext = { log: (line) => lines.push(line), progress: () => undefined };

function access() {
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    region: "r",
    accessKey: "some-key",
    secretKey: "secret-of-it",
    buckets: ["b"],
  };
}

function listing(keys: readonly string[], size = 3): string {
  const contents = keys.map(
    (key) =>
      `<Contents><Key>${key}</Key><LastModified>t</LastModified><ETag>&quot;listed&quot;</ETag><Size>${size}</Size></Contents>`,
  );
  return `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join("")}</ListBucketResult>`;
}

async function entriesOf(): Promise<readonly Record<string, unknown>[]> {
  const text = await readFile(join(folder, "objects", "b.jsonl"), "utf8");
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

beforeEach(async () => {
  lines.length = 0;
  folder = await mkdtemp(join(tmpdir(), "object-store-"));
  server = createServer((request, response) => {
    const url = new URL(request.url ?? "/", "http://s3");
    const kind = url.searchParams.has("list-type") ? "list" : decodeURIComponent(url.pathname);
    answer(request, response, `${request.method ?? ""} ${kind}`);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
});

afterEach(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

it("writes down an object that changed after it was listed as it came, and leaves out one that is gone", async () => {
  answer = (_, response, call) => {
    if (call === "GET list") response.end(listing(["gone", "new+key"]));
    else if (call === "GET /b/gone") response.writeHead(404).end("<Error><Code>NoSuchKey</Code></Error>");
    else response.setHeader("etag", '"other"').setHeader("last-modified", "later").end("longer");
  };

  const saved = await saveObjects(access(), folder, context);

  expect(saved).toEqual({ items: 1, bytes: 6, changedBytes: 6 });
  expect(lines).toEqual([`object "gone" of bucket b was deleted meanwhile and is left out`]);
  const sha256 = createHash("sha256").update("longer").digest("hex");
  expect(await entriesOf()).toEqual([
    expect.objectContaining({ key: "new key", etag: "other", modified: "later", size: 6, sha256 }),
  ]);
});

it("copies what of a registry refers to other objects first, so that a push meanwhile leaves nothing that leads nowhere", async () => {
  const root = "docker/registry/v2";
  const image = (name: string): readonly string[] => [
    `${root}/blobs/sha256/${name}/data`,
    `${root}/repositories/app/_layers/${name}/link`,
    `${root}/repositories/app/_manifests/revisions/${name}/link`,
    `${root}/repositories/app/_manifests/tags/${name}/current/link`,
  ];
  // In the order in which a registry writes them; one more is pushed with every question.
  const pushed = [...image("a"), ...image("b"), ...image("c")];
  let there = 4;
  answer = (request, response, call) => {
    const prefix = new URL(request.url ?? "/", "http://s3").searchParams.get("prefix") ?? "";
    if (call === "GET list")
      response.end(
        listing(
          pushed
            .slice(0, there)
            .filter((key) => key.startsWith(prefix))
            .toSorted(),
        ),
      );
    else response.setHeader("etag", '"listed"').end("xyz");
    there += 1;
  };

  await saveObjects(access(), folder, context);

  const keys = (await entriesOf()).map(({ key }) => String(key));
  const named = (kind: string): readonly string[] =>
    ["a", "b", "c"].filter((name) =>
      keys.includes(image(name)[["blob", "layer", "revision", "tag"].indexOf(kind)] ?? ""),
    );
  expect(keys).toEqual(keys.toSorted());
  expect(named("tag")).toEqual(["a"]);
  expect(named("blob")).toEqual(expect.arrayContaining([...named("revision")]));
  expect(named("layer")).toEqual(expect.arrayContaining([...named("revision")]));
  expect(named("revision")).toEqual(expect.arrayContaining([...named("tag")]));
});

it("asks again when an answer breaks off or the store is busy", async () => {
  let asked = 0;
  answer = (_, response, call) => {
    if (call === "GET list") {
      response.end(listing(["x"]));
      return;
    }
    asked += 1;
    if (asked === 1) response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>");
    else if (asked === 2) response.writeHead(200, { "content-length": "3" }).write("x", () => response.destroy());
    else response.setHeader("etag", '"listed"').end("xyz");
  };

  expect(await saveObjects(access(), folder, context)).toMatchObject({ items: 1, bytes: 3 });
  expect(asked).toBe(3);
});

it("names the object that it may not read, and no secret", async () => {
  answer = (_, response, call) => {
    if (call === "GET list") response.end(listing(["x"]));
    else response.writeHead(403).end("<Error><Code>AccessDenied</Code></Error>");
  };

  const refused = (await saveObjects(access(), folder, context).catch((error: unknown) => error)) as ToolboxError;

  expect(refused.message).toBe(`copying object "x" of bucket b: GET /b/x: AccessDenied`);
  expect(refused.advice).toContain("policy");
  expect(JSON.stringify(refused)).not.toContain("secret-of-it");
});

it("refuses a store that lists its keys out of order", async () => {
  answer = (_, response) => response.end(listing(["b", "a"]));

  await expect(saveObjects(access(), folder, context)).rejects.toThrow(`in the order of the keys ("a" after "b")`);
});

it("uploads with the hash that was written down, and says why the store refuses it", async () => {
  const seen: (string | undefined)[] = [];
  answer = (request, response, call) => {
    if (call === "GET list") response.end(listing(["x"]));
    else if (call === "GET /b/x") response.setHeader("etag", '"listed"').end("xyz");
    else if (call === "HEAD /b") response.end();
    else if (call === "HEAD /b/y/x") response.writeHead(404).end();
    else {
      seen.push(call, request.headers["x-amz-content-sha256"]?.toString(), request.headers["content-length"]);
      // before it has read anything, as a store does that does not know the key
      response.writeHead(403).end("<Error><Code>InvalidAccessKeyId</Code></Error>");
    }
  };
  await saveObjects(access(), folder, context);

  await expect(restoreObjects(access(), folder, { into: "y/" }, context)).rejects.toThrow(
    `putting back object "y/x" of bucket b: PUT /b/y/x: InvalidAccessKeyId`,
  );
  expect(seen).toEqual(["PUT /b/y/x", createHash("sha256").update("xyz").digest("hex"), "3"]);
});

it("changes nothing without the buckets", async () => {
  answer = (_, response, call) => {
    if (call === "GET list") response.end(listing([]));
    else response.writeHead(404).end();
  };
  await saveObjects(access(), folder, context);

  await expect(restoreObjects(access(), folder, {}, context)).rejects.toThrow(
    "looking at bucket b: HEAD /b: HTTP 404 ((empty body)); nothing was changed",
  );
});

it.each(["a/../b", "./a", ".."])("refuses the key %s, which an address would change", (key) => {
  expect(() => objectPath("b", key)).toThrow("no address can hold");
});

it("uploads in parts what is large, in no more than ten thousand", () => {
  const mebibyte = 2 ** 20;

  expect(rangesOf(64 * mebibyte)).toHaveLength(1);
  expect(rangesOf(64 * mebibyte + 1)).toEqual([
    { start: 0, end: 64 * mebibyte - 1 },
    { start: 64 * mebibyte, end: 64 * mebibyte },
  ]);
  expect(rangesOf(5 * 2 ** 40).length).toBeLessThanOrEqual(10_000);
});
