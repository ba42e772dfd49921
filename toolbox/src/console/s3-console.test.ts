import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { PassThrough, Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parsePrinted, schemaProblems } from "../../../installer/test/support/json-schemas.ts";
import { runS3Console } from "./s3-console.ts";

interface Answer {
  readonly status?: number;
  readonly text?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

const missing: Answer = { status: 404, text: "<Error><Code>NoSuchKey</Code><Message>no such key</Message></Error>" };

/** The parts of S3 that a console uses, with two objects a page and nothing checked but who signs. */
class SmallStore {
  readonly objects = new Map<string, Buffer>();
  readonly requests: string[] = [];
  readonly uploads = new Map<string, Map<number, Buffer>>();
  failParts = false;

  answer(request: IncomingMessage, body: Buffer): Answer {
    const url = new URL(request.url ?? "", "http://store");
    const path = decodeURIComponent(url.pathname).slice(1);
    const login = /Credential=([^/]+)\//.exec(request.headers.authorization ?? "")?.[1] ?? "nobody";
    this.requests.push(`${login} ${request.method ?? ""} ${path}${url.search === "" ? "" : "?"}`);
    switch (request.method) {
      case "PUT":
        return this.put(url, path, body, request.headers["x-amz-copy-source"]);
      case "POST":
        return this.post(url, path);
      case "DELETE":
        return this.remove(url, path);
      default:
        return path.includes("/") ? this.get(path) : { text: path === "" ? this.buckets() : this.page(url) };
    }
  }

  private buckets(): string {
    const row = "<Bucket><Name>hub</Name><CreationDate>2026-11-01T00:00:00.000Z</CreationDate></Bucket>";
    return `<Owner><ID>o</ID></Owner><Buckets>${row}</Buckets>`;
  }

  private get(path: string): Answer {
    const found = this.objects.get(path);
    if (found === undefined) return missing;
    const when = { "last-modified": "Sat, 21 Nov 2026 10:00:00 GMT", etag: '"abc"' };
    return { text: found, headers: { ...when, "content-length": String(found.length) } };
  }

  private put({ searchParams }: URL, path: string, body: Buffer, source: unknown): Answer {
    const part = searchParams.get("partNumber");
    if (part !== null) {
      if (this.failParts && part === "2") return { status: 403, text: "<Code>AccessDenied</Code>" };
      this.uploads.get(searchParams.get("uploadId") ?? "")?.set(Number(part), body);
      return { headers: { etag: `"${part}"` } };
    }
    const copied = typeof source === "string" ? this.objects.get(decodeURIComponent(source).slice(1)) : body;
    if (copied === undefined) return missing;
    this.objects.set(path, copied);
    return {};
  }

  private post({ searchParams }: URL, path: string): Answer {
    if (searchParams.has("uploads")) {
      this.uploads.set("u1", new Map());
      return { text: "<UploadId>u1</UploadId>" };
    }
    this.objects.set(path, Buffer.concat([...(this.uploads.get("u1")?.values() ?? [])]));
    return { text: "<ETag>e</ETag>" };
  }

  private remove({ searchParams }: URL, path: string): Answer {
    if (searchParams.has("uploadId")) this.uploads.clear();
    else this.objects.delete(path);
    return { status: 204 };
  }

  private page({ pathname, searchParams }: URL): string {
    const prefix = `${pathname.slice(1)}/${searchParams.get("prefix") ?? ""}`;
    const bucket = `${pathname.slice(1)}/`;
    const all = [...this.objects.keys()].filter((name) => name.startsWith(prefix)).sort();
    const isBelow = (name: string): boolean =>
      searchParams.get("delimiter") === "/" && name.slice(prefix.length).includes("/");
    const folders = new Set(
      all.filter(isBelow).map((name) => name.slice(bucket.length, name.indexOf("/", prefix.length) + 1)),
    );
    const from = Number(searchParams.get("continuation-token") ?? 0);
    const names = all.filter((name) => !isBelow(name));
    const rows = names.slice(from, from + 2).map((name) => {
      const key = encodeURIComponent(name.slice(bucket.length)).replaceAll("%20", "+");
      return `<Contents><Key>${key}</Key><LastModified>2026-11-21T10:00:00Z</LastModified><Size>${this.objects.get(name)?.length ?? 0}</Size></Contents>`;
    });
    const more = from + 2 < names.length;
    const next = more ? `<NextContinuationToken>${from + 2}</NextContinuationToken>` : "";
    const prefixes =
      from > 0
        ? []
        : [...folders].map((name) => `<CommonPrefixes><Prefix>${encodeURIComponent(name)}</Prefix></CommonPrefixes>`);
    return `<IsTruncated>${String(more)}</IsTruncated>${next}${rows.join("")}${prefixes.join("")}`;
  }
}

let store: SmallStore;
let server: Server;
beforeEach(async () => {
  store = new SmallStore();
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on("data", (part: Buffer) => parts.push(part));
    request.on("end", () => {
      const { status = 200, text = "", headers = {} } = store.answer(request, Buffer.concat(parts));
      response.writeHead(status, headers).end(request.method === "HEAD" ? "" : text);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
});

/** Runs one command line as the administrator; what it wrote. */
async function run(words: readonly string[], input: Readable = Readable.from([])): Promise<string> {
  const output = new PassThrough();
  const parts: Buffer[] = [];
  output.on("data", (part: Buffer) => parts.push(part));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const keys = ["root", "hub"].map((accessKey) => ({ accessKey, secretKey: "secret-of-the-key" }));
  const args = words[0] === "as" ? words.slice(1) : ["root", ...words];
  await runS3Console({ endpoint, region: "r", keys }, args, { input, output });
  return Buffer.concat(parts).toString();
}

describe("s3", () => {
  it("lists buckets, and objects over several pages, with what lies deeper as one or in full", async () => {
    for (const key of ["a b&c", "b", "c", "deep/one", "deep/two"]) store.objects.set(`hub/${key}`, Buffer.from(key));

    expect(await run(["ls"])).toBe("2026-11-01T00:00:00.000Z               hub\n");
    expect((await run(["ls", "hub"])).split("\n").map((line) => line.slice(39))).toEqual([
      "deep/",
      "a b&c",
      "b",
      "c",
      "",
    ]);
    expect((await run(["ls", "--recursive", "--", "hub/deep/"])).match(/deep\/\w+/g)).toEqual(["deep/one", "deep/two"]);
    const lines = (await run(["ls", "--json", "hub/b"])).trimEnd().split("\n");
    const entry = { apiVersion: "slipway/v1", kind: "S3Entry", name: "b", size: 1, modified: "2026-11-21T10:00:00Z" };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([entry]);
  });

  it("writes, prints, describes, copies and removes an object", async () => {
    await run(["put", "--", "hub/-x y/ü"], Readable.from([Buffer.from("contents")]));
    await run(["cp", "--", "hub/-x y/ü", "hub/copy"]);

    expect(await run(["cat", "hub/copy"])).toBe("contents");
    const described = JSON.parse(await run(["stat", "--json", "hub/copy"])) as unknown;
    expect(described).toMatchObject({ kind: "S3Object", size: 8, etag: "abc" });
    const told = [described];
    for (const words of [["ls"], ["ls", "hub"], ["cp", "hub/copy", "hub/again"], ["rm", "hub/again"]]) {
      told.push(...parsePrinted(await run([...words, "--json"])));
    }
    const input = Readable.from([Buffer.from("more")]);
    told.push(...parsePrinted(await run(["put", "--json", "hub/again"], input)));
    await run(["rm", "hub/again"]);
    expect(told.flatMap(schemaProblems)).toEqual([]);
    expect(new Set(told.map((line) => (line as { kind: string }).kind))).toEqual(
      new Set(["S3Entry", "S3Object", "S3Change"]),
    );
    await run(["rm", "hub/copy"]);
    expect([...store.objects.keys()]).toEqual(["hub/-x y/ü"]);
  });

  it("takes what is larger than a part in several, and gives it back as it was", async () => {
    const block = Buffer.alloc(5 * 1024 * 1024, "slipway ");
    const input = Readable.from([block, block, block, block]);
    await run(["put", "hub/large"], input);

    expect(store.requests.filter((row) => row.startsWith("root PUT"))).toHaveLength(2);
    expect(store.objects.get("hub/large")?.equals(Buffer.concat([block, block, block, block]))).toBe(true);
    expect((await run(["cat", "hub/large"])).length).toBe(20 * 1024 * 1024);
  });

  it("leaves no part behind of what the store refused", async () => {
    store.failParts = true;
    const input = Readable.from([Buffer.alloc(20 * 1024 * 1024)]);

    await expect(run(["put", "hub/large"], input)).rejects.toThrow("PUT /hub/large: AccessDenied");
    expect(store.uploads.size).toBe(0);
    expect(store.objects.size).toBe(0);
  });

  it("uses the key that is named", async () => {
    await run(["as", "hub", "ls"]);

    expect(store.requests).toEqual(["hub GET "]);
    await expect(run(["as", "nobody", "ls"])).rejects.toThrow('there is no key "nobody" here');
  });

  it.each<readonly [readonly string[], string]>([
    [["cat", "hub/none"], "GET /hub/none: NoSuchKey (no such key)"],
    [["stat", "hub/none"], "there is no object hub/none"],
    [["cat", "hub"], '"hub" names no object: write BUCKET/KEY'],
    [["cp", "hub/a"], '"" names no object: write BUCKET/KEY'],
    [["cat", "hub/a", "hub/b"], "usage: ls"],
    [["mv", "hub/a"], "usage: ls"],
    [["ls", "--all"], "--all"],
  ])("says of %j what is wrong", async (words, message) => {
    await expect(run(words)).rejects.toThrow(message);
  });
});
