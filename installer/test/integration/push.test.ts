import { chmod, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BundleError } from "../../src/errors/installer-error.ts";
import { hexOf } from "../../src/oci/digest.ts";
import { fixturePublicKey, makeBundle } from "../support/bundle-fixture.ts";
import { type PushWorld, createPushWorld, findIncomplete, sampleImages, tagsIn, uniqueBytes } from "./push-world.ts";
import { syntheticBytes, syntheticImage, syntheticIndex } from "../stand-ins/registry/synthetic-image.ts";
import { closers, setUp, states, closeRegistries } from "./pushed-images.ts";

closeRegistries();

describe("a push to an empty registry", () => {
  it("sends every unique byte once, and brings every image there whole", async () => {
    const { world, registry, images } = await setUp();

    const result = await world.push(registry.host);

    expect(result.ok).toBe(true);
    expect(registry.bytesReceived()).toBe(uniqueBytes(images));
    expect(result.bytes).toEqual({ unique: uniqueBytes(images), sent: uniqueBytes(images) });
    expect(tagsIn(registry)).toEqual(Object.keys(images).map((name) => name.replace("docker.io/", "")));
    expect(findIncomplete(registry)).toEqual([]);
  });

  it("asks for no blob, and mounts the shared one", async () => {
    const { world, registry } = await setUp();

    const result = await world.push(registry.host);

    expect(registry.requests("HEAD", /\/blobs\//)).toEqual([]);
    expect(registry.requests("POST", /mount=/)).toHaveLength(5);
    expect(result.blobs).toMatchObject({ mounted: 5, cached: 0, failed: 0 });
  });

  it("maps references under the target's path", async () => {
    const { world, registry } = await setUp(sampleImages(1));

    const kept = await world.push(`${registry.host}/team/base`);
    const apart = await world.push(`${registry.host}/team`, { pathStyle: "host-org" });

    expect(kept.images[0]?.target).toBe(`${registry.host}/team/base/slipway/image-0:1`);
    expect(apart.images[0]?.target).toBe(`${registry.host}/team/docker.io/slipway/image-0:1`);
    expect(tagsIn(registry)).toEqual(["team/base/slipway/image-0:1", "team/docker.io/slipway/image-0:1"]);
  });

  it("brings an index with all its platforms, or one platform when asked", async () => {
    const base = syntheticBytes("base", 5000);
    const amd64 = syntheticImage("amd64", [base]);
    const arm64 = syntheticImage("arm64", [base], "arm64");
    const { world, registry } = await setUp({ "docker.io/slipway/two:1": syntheticIndex([amd64, arm64]) });

    const whole = await world.push(registry.host);
    const one = await world.push(`${registry.host}/one`, { platforms: ["linux/arm64"] });

    expect(whole.ok && one.ok).toBe(true);
    expect(registry.store.manifests.get("slipway/two")?.size).toBe(3);
    expect(one.images[0]?.digest).toBe(arm64.root.digest);
    expect(registry.store.manifests.get("one/slipway/two")?.size).toBe(1);
    expect(findIncomplete(registry)).toEqual([]);
  });

  it("pushes only the images that were named", async () => {
    const { world, registry } = await setUp();

    await world.push(registry.host, { images: ["slipway/image-3:1"] });

    expect(tagsIn(registry)).toEqual(["slipway/image-3:1"]);
    await expect(world.push(registry.host, { images: ["nothing"] })).rejects.toThrow("there is no image nothing");
  });
});

describe("a push of what is there", () => {
  it("is one request per image and sends nothing", async () => {
    const { world, registry } = await setUp();
    await world.push(registry.host);
    registry.clearLog();

    const result = await world.push(registry.host);

    expect(registry.log.map(({ method }) => method)).toEqual(Array.from({ length: 6 }, () => "HEAD"));
    expect(states(result)).toEqual(Array.from({ length: 6 }, () => "cached"));
    expect(result.bytes).toEqual({ unique: 0, sent: 0 });
  });

  it("sends only the new layers of an image that changed", async () => {
    const { world, registry, images } = await setUp();
    await world.push(registry.host);
    const shared = syntheticBytes("shared", 60_000);
    const changed = syntheticImage("changed", [shared, syntheticBytes("new", 7000)]);
    const next = await createPushWorld({ ...images, "docker.io/slipway/image-2:1": changed });
    closers.push(() => next.close());
    registry.clearLog();

    const result = await next.push(registry.host);

    const [config] = changed.blobs;
    expect(registry.bytesReceived()).toBe(7000 + (config?.descriptor.size ?? 0));
    expect(states(result).filter((state) => state === "sent")).toHaveLength(1);
    expect(result.counts.cached).toBe(5);
  });

  it("leaves nothing in the cache folder", async () => {
    const { world, registry } = await setUp();

    await world.push(registry.host);

    expect(await readdir(join(world.folder, "cache", "push"))).toEqual([]);
  });
});

describe("a dry run", () => {
  it("names every target and what would be sent, and writes nothing", async () => {
    const { world, registry, images } = await setUp();

    const result = await world.push(`${registry.host}/team`, { dryRun: true });

    expect(result.images.map(({ target }) => target)).toEqual(
      Object.keys(images).map((name) => name.replace("docker.io", `${registry.host}/team`)),
    );
    expect(states(result)).toEqual(Array.from({ length: 6 }, () => "planned"));
    expect(result.bytes.sent).toBe(uniqueBytes(images));
    expect(registry.log.every(({ method }) => method === "HEAD" || method === "GET")).toBe(true);
    expect(await readdir(world.folder)).toEqual(["layout"]);
  });

  it("says that nothing would be sent where everything is", async () => {
    const { world, registry } = await setUp();
    await world.push(registry.host);

    const result = await world.push(registry.host, { dryRun: true });

    expect([states(result).every((state) => state === "cached"), result.bytes.sent]).toEqual([true, 0]);
  });
});

describe("what refers to an image", () => {
  async function setUpSigned() {
    const image = syntheticImage("signed", [syntheticBytes("signed", 3000)]);
    const signature = syntheticImage("signature", [syntheticBytes("signature", 200)]);
    const world = await setUp({
      "docker.io/slipway/signed:1": image,
      [`docker.io/slipway/signed:sha256-${hexOf(image.root.digest)}.sig`]: signature,
    });
    return { ...world, image, signature };
  }

  it("travels along and stands before the image's tag; the push after it is one request", async () => {
    const { world, registry, image, signature } = await setUpSigned();

    const result = await world.push(registry.host);

    const puts = registry.requests("PUT", /manifests/).map(({ target }) => target.split("/").at(-1));
    expect(result.images.map(({ source }) => source)).toEqual(["docker.io/slipway/signed:1"]);
    expect(puts.at(-1)).toBe("1");
    expect(registry.store.tagsOf.get("slipway/signed")?.get(`sha256-${hexOf(image.root.digest)}.sig`)).toBe(
      signature.root.digest,
    );
    registry.clearLog();
    await world.push(registry.host);
    expect(registry.log).toHaveLength(1);
  });

  it("is sent when it came later than the image", async () => {
    const { world, registry, image, signature } = await setUpSigned();
    const earlier = await createPushWorld({ "docker.io/slipway/signed:1": image });
    closers.push(() => earlier.close());
    await earlier.push(registry.host);

    const result = await world.push(registry.host);

    expect(states(result)).toEqual(["sent"]);
    expect([...(registry.store.tagsOf.get("slipway/signed")?.values() ?? [])]).toContain(signature.root.digest);
  });
});

describe("a bundle as the source", () => {
  async function writeBundle(
    world: PushWorld,
    bytes: Buffer,
  ): Promise<{ readonly file: string; readonly key: string }> {
    const [file, key] = [join(world.folder, "b.tar"), join(world.folder, "key.pub")];
    await writeFile(file, bytes);
    await writeFile(key, fixturePublicKey);
    return { file, key };
  }

  it("is pushed by range reads, also read-only, and nothing is written for it", async () => {
    const { world, registry } = await setUp({});
    const { file, key } = await writeBundle(world, makeBundle().bytes);
    await chmod(file, 0o444);

    const bundle = { paths: [file], keyFiles: [key], allowUnsigned: false };
    const result = await world.push(registry.host, { bundle });

    expect([result.ok, tagsIn(registry)]).toEqual([true, ["slipway/postgres:1", "slipway/redis:1"]]);
    expect(registry.bytesReceived()).toBe(result.bytes.unique);
    expect(findIncomplete(registry)).toEqual([]);
  });

  it("is refused before a request when it is not signed by a trusted key, and taken when that is allowed", async () => {
    const { world, registry } = await setUp({});
    const { file, key } = await writeBundle(world, makeBundle({ key: "unsigned" }).bytes);

    const refused = world.push(registry.host, { bundle: { paths: [file], keyFiles: [key], allowUnsigned: false } });
    await expect(refused).rejects.toThrow(BundleError);
    expect(registry.log).toEqual([]);
    const taken = await world.push(registry.host, { bundle: { paths: [file], keyFiles: [], allowUnsigned: true } });

    expect(taken.ok).toBe(true);
  });

  it("with a flipped bit fails the image it hits, names it, and tags no incomplete image", async () => {
    const { world, registry } = await setUp({});
    const made = makeBundle();
    const blob = [...made.blobs].find(([, bytes]) => bytes.length === 70_000)!;
    const bytes = Buffer.from(made.bytes);
    const at = bytes.indexOf(blob[1]);
    bytes.writeUInt8(bytes.readUInt8(at + 5000) ^ 1, at + 5000);
    const { file, key } = await writeBundle(world, bytes);

    const result = await world.push(registry.host, {
      bundle: { paths: [file], keyFiles: [key], allowUnsigned: false },
    });

    expect(states(result)).toEqual(["failed", "sent"]);
    expect(result.images[0]?.error).toMatchObject({ code: "BUNDLE_INVALID" });
    expect(result.images[0]?.error?.message).toContain(blob[0]);
    expect(tagsIn(registry)).toEqual(["slipway/redis:1"]);
    expect(findIncomplete(registry)).toEqual([]);
  });

  it("cut short is refused before a request", async () => {
    const { world, registry } = await setUp({});
    const { file, key } = await writeBundle(world, makeBundle().bytes);
    await truncate(file, 40_000);

    const pushed = world.push(registry.host, { bundle: { paths: [file], keyFiles: [key], allowUnsigned: false } });

    await expect(pushed).rejects.toThrow(BundleError);
    expect(registry.log).toEqual([]);
  });
});
