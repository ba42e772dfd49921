import { writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { beforeEach, describe, expect, test } from "vitest";
import { fixtureKey, makeBundle } from "../../test/support/bundle-fixture.ts";
import { bundlePaths } from "./bundle-manifest.ts";
import { full, at, open, opened, withBit, offsetOf, inFreshFolder } from "./testing/opened-bundle.ts";

inFreshFolder();

test("opens a signed bundle and says by whom it is signed", () =>
  opened("full.tar", (bundle) => {
    expect(bundle.trust).toEqual({ state: "signed", keyId: fixtureKey.keyId, comment: "slipway-fixture 1.0.0" });
    expect(bundle.manifest).toEqual(full.manifest);
    expect(bundle.root).toBe(full.root);
    expect(bundle.complete).toBe(bundle.manifest);
  }));

test("gives every image and blob", () =>
  opened("full.tar", async (bundle) => {
    const image = await bundle.resolve("slipway/postgres:1", [{ os: "linux", architecture: "amd64" }]);

    expect(image?.root).toEqual(full.manifest.images[0]?.root);
    expect(await bundle.resolve("slipway/absent:1", [])).toBeUndefined();
    for (const [digest, bytes] of full.blobs) {
      const read = await buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length }));
      expect(read.equals(bytes)).toBe(true);
    }
  }));

test("gives a range of a blob, a file and an artifact", () =>
  opened("full.tar", async (bundle) => {
    const [digest, bytes] = [...full.blobs].find(([, contents]) => contents.length === 70000)!;
    const descriptor = { mediaType: "x/y", digest, size: bytes.length };

    const range = await buffer(await bundle.content.open(descriptor, { start: 100, end: 69000 }));

    expect(range.equals(bytes.subarray(100, 69000))).toBe(true);
    expect((await bundle.readFile("files/README.txt")).toString()).toBe("fixture 1.0.0\n");
    expect((await buffer(await bundle.openArtifact(full.manifest.artifacts[0]!))).toString()).toContain("exit 0");
    await expect(bundle.readFile("files/absent")).rejects.toThrow("files/absent is not in");
  }));

test.each([bundlePaths.manifest, bundlePaths.checksums])(
  "gives %s as it was checked, or not at all when the file was changed since",
  async (path) =>
    opened("full.tar", async (bundle) => {
      const before = await bundle.readFile(path);
      writeFileSync(at("full.tar"), withBit(full.bytes, offsetOf(full, path) + 8));

      expect(before.equals(full.bytes.subarray(offsetOf(full, path), offsetOf(full, path) + before.length))).toBe(true);
      await expect(bundle.readFile(path)).rejects.toThrow(`${path} of ${at("full.tar")} is damaged`);
    }),
);

test("refuses an image for a platform that is not carried", () =>
  opened("full.tar", async (bundle) => {
    await expect(bundle.resolve("slipway/redis:1", [{ os: "linux", architecture: "arm64" }])).rejects.toThrow(
      "the bundle has docker.io/slipway/redis:1 for linux/amd64 and not for linux/arm64",
    );
  }));

test("finds an image by its digest too", () =>
  opened("full.tar", async (bundle) => {
    const { root } = full.manifest.images[1]!;

    expect((await bundle.resolve(`slipway/redis:1@${root.digest}`, []))?.root).toEqual(root);
    expect(await bundle.resolve(`slipway/postgres@${root.digest}`, [])).toBeUndefined();
  }));

test("gives each platform of an image of several", async () => {
  const several = makeBundle({ images: [{ name: "nats", layers: ["a"], platforms: ["linux/amd64", "linux/arm64"] }] });
  writeFileSync(at("several.tar"), several.bytes);

  await opened("several.tar", async (bundle) => {
    const image = await bundle.resolve("slipway/nats:1", [{ os: "linux", architecture: "arm64" }]);
    expect(image?.root).toEqual(several.manifest.images[0]?.root);
  });
});

describe("a delta", () => {
  const next = { version: "1.1.0", images: [{ name: "postgres", layers: ["shared", "postgres:70000", "new"] }] };
  const delta = makeBundle({ ...next, base: full });
  const last = makeBundle({ version: "1.2.0", images: [{ name: "redis", layers: ["newest"] }], base: delta });
  beforeEach(() => {
    writeFileSync(at("delta.tar"), delta.bytes);
    writeFileSync(at("last.tar"), last.bytes);
  });

  test("gives with its base what the full bundle has", () =>
    opened(["delta.tar", "full.tar"], async (bundle) => {
      expect(bundle.root).toBe(makeBundle(next).root);
      expect(bundle.complete.content).toBe("full");
      expect(bundle.manifest.content).toBe("delta");
      for (const [digest, bytes] of delta.blobs) {
        const read = await buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length }));
        expect(read.equals(bytes)).toBe(true);
      }
    }));

  test("of a delta works with both", () =>
    opened(["last.tar", "delta.tar", "full.tar"], (bundle) => {
      expect(bundle.complete.version).toBe("1.2.0");
    }));

  test("can be looked into without its base, and names it when a blob is asked for", () =>
    opened("delta.tar", async (bundle) => {
      const digest = [...full.blobs.keys()].find((found) => bundle.sizeOf(found) === undefined)!;

      expect(bundle.complete).toBe(bundle.manifest);
      await expect(bundle.content.open({ mediaType: "x/y", digest, size: 1 })).rejects.toThrow(
        "which is a delta: it is in slipway-fixture 1.0.0",
      );
    }));

  test("is refused on another base, naming both", async () => {
    const other = makeBundle({ version: "0.9.0" });
    writeFileSync(at("other.tar"), other.bytes);

    await expect(open(["delta.tar", "other.tar"])).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: `${at("delta.tar")} builds on slipway-fixture 1.0.0 (${full.root}), and ${at("other.tar")} is slipway-fixture 0.9.0 (${other.root})`,
    });
    await expect(open(["last.tar", "full.tar"])).rejects.toThrow("builds on slipway-fixture 1.1.0");
    await expect(open(["full.tar", "delta.tar"])).rejects.toThrow("is a full bundle and builds on none");
  });
});
