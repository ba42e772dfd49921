import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { BundleError } from "../../errors/installer-error.ts";
import type { Content } from "../../oci/content.ts";
import { type Descriptor, mediaTypes } from "../../oci/descriptor.ts";
import { createRegistryHandler, type RegistryHandler, type ServedResponse } from "./handle-request.ts";
import { indexImages, type ServableImage } from "./served-images.ts";

class Store {
  readonly blobs = new Map<string, Buffer>();
  add(bytes: Buffer | string, mediaType: string): Descriptor {
    const data = Buffer.from(bytes);
    const digest = `sha256:${createHash("sha256").update(data).digest("hex")}`;
    this.blobs.set(digest, data);
    return { mediaType, digest, size: data.length };
  }
  image(layers: readonly Descriptor[], more: object = {}): Descriptor {
    const config = this.add(JSON.stringify({ os: "linux" }), mediaTypes.ociConfig);
    const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers, ...more };
    return this.add(JSON.stringify(manifest), mediaTypes.ociManifest);
  }
  index(manifests: readonly Descriptor[]): Descriptor {
    const index = { schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests };
    return this.add(JSON.stringify(index), mediaTypes.ociIndex);
  }
  readonly content: Content = {
    open: (descriptor, range) => {
      const bytes = this.blobs.get(descriptor.digest);
      if (bytes === undefined) throw new BundleError(`${descriptor.digest} is not there`);
      const part = range === undefined ? bytes : bytes.subarray(range.start, range.end);
      const half = Math.ceil(part.length / 2);
      return Promise.resolve(Readable.from([part.subarray(0, half), part.subarray(half)]));
    },
  };
}

const store = new Store();
const layer = store.add("0123456789", mediaTypes.ociLayer);
const image = store.image([layer]);
const absent: Descriptor = { mediaType: mediaTypes.ociManifest, digest: `sha256:${"a".repeat(64)}`, size: 5 };
const index = store.index([image, absent]);
const signature = store.image([store.add("{}", "application/json")], {
  subject: image,
  artifactType: "test/signature",
});
const tagOnly = store.image([store.add("[]", "application/json")]);
const plainType = "application/vnd.dev.sigstore.bundle.v0.3+json";
const typedByConfig = store.add(
  JSON.stringify({
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: store.add("{}", plainType),
    layers: [],
    subject: image,
    annotations: { "org.example": "x" },
  }),
  mediaTypes.ociManifest,
);

const images: readonly ServableImage[] = [
  { reference: "docker.io/slipway/postgres:1", root: image, referrers: [] },
  {
    reference: "docker.io/slipway/postgres:2",
    root: index,
    referrers: [
      { descriptor: { ...signature, artifactType: "said/elsewhere" }, subject: image.digest, tag: "sha256-x.sig" },
      { descriptor: tagOnly, subject: image.digest, tag: "sha256-x.att" },
      { descriptor: typedByConfig, subject: image.digest },
    ],
  },
  { reference: "docker.io/library/redis:7", root: image, referrers: [] },
  { reference: "quay.io/team/tool:1", root: image, referrers: [] },
];

async function openHandler(): Promise<RegistryHandler> {
  const served = await indexImages(images, store.content, (digest) => store.blobs.has(digest));
  return createRegistryHandler(served, store.content);
}

async function ask(
  target: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<ServedResponse & { readonly text: string }> {
  const handler = await openHandler();
  const response = await handler({ method, target, headers });
  const { body } = response;
  const bytes = body === undefined ? Buffer.alloc(0) : Buffer.isBuffer(body) ? body : await buffer(body);
  return { ...response, text: bytes.toString() };
}

function codeOf(text: string): string | undefined {
  return (JSON.parse(text) as { errors: { code: string }[] }).errors[0]?.code;
}

describe("the registry that is served from images", () => {
  it("answers the version check", async () => {
    const answer = await ask("/v2/");

    expect(answer).toMatchObject({ status: 200, headers: { "docker-distribution-api-version": "registry/2.0" } });
  });

  it.for(["slipway/postgres", "docker.io/slipway/postgres"])("gives a manifest by tag under %s", async (name) => {
    const answer = await ask(`/v2/${name}/manifests/1`);

    expect(answer.status).toBe(200);
    expect(answer.headers).toMatchObject({
      "content-type": mediaTypes.ociManifest,
      "docker-content-digest": image.digest,
      "content-length": String(image.size),
    });
    expect(answer.text).toBe(store.blobs.get(image.digest)?.toString());
  });

  it.for(["redis", "library/redis", "docker.io/library/redis", "team/tool", "quay.io/team/tool"])(
    "knows the name %s",
    async (name) => {
      expect((await ask(`/v2/${name}/manifests/${image.digest}`)).status).toBe(200);
    },
  );

  it("finds the repository of the host a mirror's client names", async () => {
    expect((await ask("/v2/library/redis/manifests/7?ns=docker.io")).status).toBe(200);
    expect((await ask("/v2/team/tool/manifests/1?ns=quay.io")).status).toBe(200);
  });

  it("answers HEAD with the same headers and no body", async () => {
    const manifest = await ask("/v2/slipway/postgres/manifests/2", {}, "HEAD");
    const blob = await ask(`/v2/slipway/postgres/blobs/${layer.digest}`, {}, "HEAD");

    expect(manifest).toMatchObject({ status: 200, text: "", headers: { "docker-content-digest": index.digest } });
    expect(blob).toMatchObject({ status: 200, text: "", headers: { "content-length": "10" } });
  });

  it("gives the children of an index that are there, and not those that are not", async () => {
    expect((await ask(`/v2/slipway/postgres/manifests/${image.digest}`)).status).toBe(200);
    expect((await ask(`/v2/slipway/postgres/manifests/${absent.digest}`)).status).toBe(404);
  });

  it("gives a blob, and nothing when the client has it", async () => {
    const target = `/v2/slipway/postgres/blobs/${layer.digest}`;

    expect(await ask(target)).toMatchObject({ status: 200, text: "0123456789" });
    expect(await ask(target, { "if-none-match": `"${layer.digest}"` })).toMatchObject({ status: 304, text: "" });
  });

  it.for([
    ["bytes=2-4", 206, "234", "bytes 2-4/10"],
    ["bytes=7-", 206, "789", "bytes 7-9/10"],
    ["bytes=-3", 206, "789", "bytes 7-9/10"],
    ["bytes=0-99", 206, "0123456789", "bytes 0-9/10"],
    ["bytes=1-2,4-5", 200, "0123456789", undefined],
    ["bytes=5-2", 200, "0123456789", undefined],
    ["lines=1-2", 200, "0123456789", undefined],
  ] as const)("answers the range %s", async ([range, status, text, place]) => {
    const answer = await ask(`/v2/slipway/postgres/blobs/${layer.digest}`, { range });

    expect(answer).toMatchObject({ status, text });
    expect(answer.headers["content-range"]).toBe(place);
  });

  it("refuses a range behind the end", async () => {
    const answer = await ask(`/v2/slipway/postgres/blobs/${layer.digest}`, { range: "bytes=10-" });

    expect(answer).toMatchObject({ status: 416, headers: { "content-range": "bytes */10" } });
  });

  it("lists tags in pages", async () => {
    const first = await ask("/v2/slipway/postgres/tags/list?n=2");
    const second = await ask("/v2/slipway/postgres/tags/list?n=2&last=2");

    expect(JSON.parse(first.text)).toEqual({ name: "slipway/postgres", tags: ["1", "2"] });
    expect(first.headers["link"]).toBe('</v2/slipway/postgres/tags/list?n=2&last=2>; rel="next"');
    expect(JSON.parse(second.text)).toEqual({ name: "slipway/postgres", tags: ["sha256-x.att", "sha256-x.sig"] });
    expect(second.headers["link"]).toBeUndefined();
  });

  it("lists repositories by their familiar names", async () => {
    const answer = await ask("/v2/_catalog");

    expect(JSON.parse(answer.text)).toEqual({ repositories: ["quay.io/team/tool", "redis", "slipway/postgres"] });
  });

  it("lists what refers to a manifest, with type and annotations, by type too, and nothing that has a tag alone", async () => {
    const all = await ask(`/v2/slipway/postgres/referrers/${image.digest}`);
    const one = await ask(`/v2/slipway/postgres/referrers/${image.digest}?artifactType=${plainType}`);
    const none = await ask(`/v2/slipway/postgres/referrers/${image.digest}?artifactType=other`);

    const typed = { digest: typedByConfig.digest, artifactType: plainType, annotations: { "org.example": "x" } };
    const { manifests } = JSON.parse(all.text) as { readonly manifests: readonly unknown[] };
    expect(manifests).toMatchObject([{ digest: signature.digest, artifactType: "test/signature" }, typed]);
    expect(JSON.parse(one.text)).toMatchObject({ manifests: [typed] });
    expect(JSON.parse(none.text)).toMatchObject({ manifests: [] });
    expect(none.headers["oci-filters-applied"]).toBe("artifactType");
  });

  it.for([
    ["/v2/slipway/none/manifests/1", 404, "NAME_UNKNOWN"],
    ["/v2/slipway/postgres/manifests/9", 404, "MANIFEST_UNKNOWN"],
    [`/v2/slipway/postgres/blobs/sha256:${"b".repeat(64)}`, 404, "BLOB_UNKNOWN"],
    ["/v2/slipway/postgres/blobs/sha256:zz", 400, "DIGEST_INVALID"],
    ["/v2/slipway/postgres/referrers/x", 400, "DIGEST_INVALID"],
    ["/v2/../../etc/passwd", 404, "UNSUPPORTED"],
    ["/v1/search", 404, "UNSUPPORTED"],
    ["http://elsewhere/v2/", 400, "NAME_INVALID"],
    [`/v2/${"a".repeat(5000)}`, 400, "NAME_INVALID"],
  ] as const)("refuses %s", async ([target, status, code]) => {
    const answer = await ask(target);

    expect(answer.status).toBe(status);
    expect(codeOf(answer.text)).toBe(code);
  });

  it.for(["PUT", "POST", "PATCH", "DELETE"])("refuses %s", async (method) => {
    const answer = await ask(`/v2/slipway/postgres/manifests/1`, {}, method);

    expect(answer).toMatchObject({ status: 405, headers: { allow: "GET, HEAD" } });
    expect(codeOf(answer.text)).toBe("UNSUPPORTED");
  });
});

describe("damaged content", () => {
  const broken = new Store();
  const bad = broken.add("the bytes of a layer", mediaTypes.ociLayer);
  const root = broken.image([bad]);
  const list: readonly ServableImage[] = [{ reference: "docker.io/team/app:1", root, referrers: [] }];

  async function answerTo(headers: Readonly<Record<string, string>>): Promise<ServedResponse> {
    const handler = createRegistryHandler(await indexImages(list, broken.content, () => true), broken.content);
    broken.blobs.set(bad.digest, Buffer.from("the bytes of a Layer"));
    return handler({ method: "GET", target: `/v2/team/app/blobs/${bad.digest}`, headers });
  }

  it("is never given away whole: the stream fails before its end and names the digest", async () => {
    const { body } = await answerTo({});
    const chunks: Buffer[] = [];

    const read = (async () => {
      for await (const chunk of body as Readable) chunks.push(chunk as Buffer);
    })();

    await expect(read).rejects.toThrow(bad.digest);
    expect(Buffer.concat(chunks).length).toBeLessThan(bad.size);
  });

  it("is not given away in parts either", async () => {
    await expect(answerTo({ range: "bytes=0-3" })).rejects.toThrow(bad.digest);
  });

  it("in a manifest is found before anything is served", async () => {
    const other = new Store();
    const manifest = other.image([]);
    other.blobs.set(manifest.digest, Buffer.from("{}"));
    const one = [{ reference: "docker.io/team/app:1", root: manifest, referrers: [] }];

    await expect(indexImages(one, other.content, () => true)).rejects.toThrow(manifest.digest);
  });
});
