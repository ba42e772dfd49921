import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixtureBytes } from "../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../test/support/bundle-ports.ts";
import type { ByteRange, ImageSource } from "../oci/content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import type { OriginatedBlob } from "./blob-origins.ts";
import { assembleBundle } from "./assemble-bundle.ts";
import { type WriteBundleRequest, writeBundle } from "./write-bundle.ts";

const { ports } = createBundlePorts();
const contents = ["a", "b", "c"].map((seed) => fixtureBytes(seed, 600_000));
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-write-bundle-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function bytesFor({ digest }: Descriptor): Buffer {
  const found = contents.find((bytes) => digestOf(bytes) === digest);
  if (found === undefined) throw new Error(`no ${digest}`);
  return found;
}

type Open = (descriptor: Descriptor, range?: ByteRange) => Readable;

function sourceOf(kind: ImageSource["kind"], open: Open, feed?: ImageSource["feed"]): ImageSource {
  return {
    kind,
    name: "the test",
    resolve: () => Promise.resolve(undefined),
    content: { open: (descriptor, range) => Promise.resolve(open(descriptor, range)) },
    close: () => Promise.resolve(),
    ...(feed !== undefined && { feed }),
  };
}

/** Hands out bytes in small chunks, as a network does. */
function chunked(bytes: Buffer, fail?: Error): Readable {
  function* chunks(): Generator<Buffer> {
    for (let at = 0; at < bytes.length; at += 16_000) yield bytes.subarray(at, at + 16_000);
    if (fail !== undefined) throw fail;
  }
  return Readable.from(chunks());
}

function write(source: ImageSource, more: Partial<WriteBundleRequest> = {}) {
  const blobs = contents.map((bytes) => ({ digest: digestOf(bytes), size: bytes.length }));
  const bundle = assembleBundle({
    description: {
      name: "test",
      version: "1.0.0",
      profiles: ["infra"],
      platforms: ["linux/amd64"],
      requires: { previous: [], freeBytes: 0, engine: "24.0" },
      images: [],
      artifacts: [],
      blobBytes: blobs.reduce((sum, { size }) => sum + size, 0),
    },
    files: new Map(),
    blobs,
  });
  const origins = new Map(
    blobs.map(({ digest, size }): [string, OriginatedBlob] => {
      const descriptor = { mediaType: "application/octet-stream", digest, size };
      return [digest, { descriptor, owner: "the image x", origin: { kind: "source", source } }];
    }),
  );
  return writeBundle(
    {
      bundle,
      origins,
      output: join(folder, "b.tar"),
      jobs: 2,
      onBytes: () => undefined,
      signal: new AbortController().signal,
      ...more,
    },
    { ...ports, bulk: ports.bulkFiles, failpoint: () => undefined },
  );
}

function expectWhole(): void {
  const bytes = readFileSync(join(folder, "b.tar"));
  for (const content of contents) expect(bytes.includes(content)).toBe(true);
}

describe("writing a bundle", () => {
  it("takes blobs from a source that can be opened, reporting every byte once", async () => {
    let last: readonly number[] = [];

    await write(
      sourceOf("registry", (descriptor) => chunked(bytesFor(descriptor))),
      { onBytes: (...counts) => (last = counts) },
    );

    expectWhole();
    expect(last).toEqual([1_800_000, 1_800_000]);
  });

  it("takes blobs from a source that hands them over in its own order", async () => {
    const unwanted = fixtureBytes("unwanted", 5000);
    const feed: ImageSource["feed"] = async (wanted, take) => {
      await take({ mediaType: "x", digest: digestOf(unwanted), size: unwanted.length }, chunked(unwanted));
      for (const descriptor of wanted.toReversed()) await take(descriptor, chunked(bytesFor(descriptor)));
    };

    await write(sourceOf("engine", () => Readable.from([]), feed));

    expectWhole();
  });

  it("goes on where a connection to a registry broke", async () => {
    const opened: (number | undefined)[] = [];
    const open: Open = (descriptor, range) => {
      opened.push(range?.start);
      const bytes = bytesFor(descriptor);
      if (range !== undefined) return chunked(bytes.subarray(range.start));
      return chunked(bytes.subarray(0, 320_000), new Error("reset"));
    };

    await write(sourceOf("registry", open));

    expectWhole();
    expect(opened.filter((start) => start === 320_000)).toHaveLength(3);
  });

  it("gives up when nothing more comes, and keeps what there is", async () => {
    const open: Open = () => chunked(Buffer.alloc(0), new Error("reset"));

    await expect(write(sourceOf("registry", open))).rejects.toThrow("reset");

    expect(existsSync(join(folder, "b.tar"))).toBe(false);
    expect(existsSync(join(folder, "b.tar.partial.journal"))).toBe(true);
  });

  it.each([
    ["other bytes", (bytes: Buffer) => fixtureBytes("other", bytes.length), "has the digest"],
    ["too many bytes", (bytes: Buffer) => Buffer.concat([bytes, Buffer.from("more")]), "is longer than"],
    ["too few bytes", (bytes: Buffer) => bytes.subarray(0, 1000), "ends after 1000 of"],
    ["a page in place of the blob", () => Buffer.from("<html>please sign in</html>"), "ends after 27 of"],
  ])("a registry that hands out %s is named with blob and image", async (_, change, message) => {
    const refused = write(sourceOf("registry", (descriptor) => chunked(change(bytesFor(descriptor)))));

    await expect(refused).rejects.toMatchObject({
      code: "REGISTRY_FAILED",
      message: expect.stringMatching(
        new RegExp(`^sha256:[0-9a-f]{64} of the image x from the test ${message}`),
      ) as string,
    });
    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });

  it("a source that leaves a blob out is named", async () => {
    const feed: ImageSource["feed"] = async ([first], take) => {
      if (first !== undefined) await take(first, chunked(bytesFor(first)));
    };

    await expect(write(sourceOf("engine", () => Readable.from([]), feed))).rejects.toThrow("was not handed over");
  });

  it("stops soon when it is told to, with the reason it was given", async () => {
    const stop = new AbortController();
    const open: Open = (descriptor) => {
      stop.abort(new Error("interrupted"));
      return chunked(bytesFor(descriptor));
    };

    await expect(write(sourceOf("registry", open), { signal: stop.signal })).rejects.toThrow("interrupted");
  });
});
