import { chmod, readFile, readdir, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { PushResult } from "../../src/actions/push/push-request.ts";
import {
  BundleError,
  InterruptedError,
  PreflightError,
  RegistryError,
  UsageError,
} from "../../src/errors/installer-error.ts";
import { hexOf } from "../../src/oci/digest.ts";
import { fixturePublicKey, makeBundle } from "../support/bundle-fixture.ts";
import { startChild } from "../support/child.ts";
import {
  type NamedImages,
  type PushWorld,
  createPushWorld,
  findIncomplete,
  sampleImages,
  tagsIn,
  uniqueBytes,
} from "./push-world.ts";
import type { FaultRule } from "../stand-ins/registry/faults.ts";
import { type TestRegistry, createTestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import type { TestRegistryOptions } from "../stand-ins/registry/options.ts";
import { syntheticBytes, syntheticImage, syntheticIndex } from "../stand-ins/registry/synthetic-image.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setUp(images: NamedImages = sampleImages(6), options: TestRegistryOptions = {}) {
  const world = await createPushWorld(images);
  const registry = await createTestRegistry(options);
  closers.push(
    () => world.close(),
    () => registry.close(),
  );
  return { world, registry, images };
}

function states(result: PushResult): readonly string[] {
  return result.images.map(({ state }) => state);
}

const uploads = /\/blobs\/uploads\//;

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

describe("what is refused before anything is sent", () => {
  it("two images that would stand under one name", async () => {
    const { world, registry } = await setUp({
      "docker.io/slipway/one:1": syntheticImage("a", [syntheticBytes("a", 10)]),
      "quay.io/slipway/one:1": syntheticImage("b", [syntheticBytes("b", 10)]),
    });

    const pushed = world.push(registry.host);

    await expect(pushed).rejects.toThrow(UsageError);
    await expect(pushed).rejects.toThrow("docker.io/slipway/one:1 and quay.io/slipway/one:1 would both be");
    expect(registry.log).toEqual([]);
  });

  it.each(["registry", "https://registry.corp/x", "registry.corp/UPPER", "registry.corp/a:1", ""])(
    "the target %j",
    async (to) => {
      const { world } = await setUp(sampleImages(1));

      await expect(world.push(to)).rejects.toThrow(UsageError);
    },
  );

  it("a folder that is no layout, and a layout without images", async () => {
    const { world, registry } = await setUp(sampleImages(1));
    await writeFile(join(world.layout, "index.json"), '{"schemaVersion":2,"manifests":[]}');

    await expect(world.push(registry.host)).rejects.toThrow(PreflightError);
    await expect(world.push(registry.host, { from: [`oci:${world.folder}`] })).rejects.toThrow(UsageError);
    expect(registry.log).toEqual([]);
  });

  it("flags that do not go together", async () => {
    const { world, registry } = await setUp(sampleImages(1));
    const refused = async (changes: Parameters<PushWorld["push"]>[1]): Promise<string> => {
      const error = await world.push(registry.host, changes).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(UsageError);
      return (error as UsageError).message;
    };

    expect(await refused({ registry: { username: "me" } })).toContain("without a password");
    expect(await refused({ registry: { passwordFile: "/x" } })).toContain("without --username");
    expect(await refused({ registry: { clientCertFile: "/x" } })).toContain("without --client-key");
    expect(await refused({ registry: { caFile: join(world.folder, "none.pem") } })).toContain("does not exist");
    expect(await refused({ registry: { caFile: join(world.layout, "oci-layout") } })).toContain("is no PEM file");
  });

  it("a password that is wrong, after one try and without showing it", async () => {
    const { world, registry } = await setUp(sampleImages(4), { auth: { kind: "basic", users: { admin: "right" } } });
    const passwordFile = join(world.folder, "password");
    await writeFile(passwordFile, "wr0ng-secret\n");

    const pushed = world.push(registry.host, { registry: { username: "admin", passwordFile } });

    const error = await pushed.catch((thrown: unknown) => thrown as RegistryError);
    expect(error).toBeInstanceOf(RegistryError);
    expect(JSON.stringify([error, (error as RegistryError).message, world.events])).not.toContain("wr0ng-secret");
    expect(registry.log.filter(({ authorization }) => authorization !== undefined)).toHaveLength(1);
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

describe("a registry that misbehaves", () => {
  /** A second run without the fault must find the rest and leave everything in place. */
  async function finishes(world: PushWorld, registry: TestRegistry, images: NamedImages): Promise<void> {
    expect(findIncomplete(registry)).toEqual([]);
    registry.clearFaults();
    const again = await world.push(registry.host);
    expect(again.images.flatMap(({ error }) => error ?? [])).toEqual([]);
    expect(tagsIn(registry)).toEqual(Object.keys(images).map((name) => name.replace("docker.io/", "")));
    expect(findIncomplete(registry)).toEqual([]);
  }

  const passing: readonly (readonly [string, FaultRule])[] = [
    ["fails now and then", { path: uploads, nth: (n) => n % 11 === 0, fault: { kind: "status", status: 500 } }],
    ["resets now and then", { path: uploads, nth: (n) => n % 11 === 0, fault: { kind: "reset" } }],
    ["limits the rate", { nth: (n) => n % 5 === 0, fault: { kind: "too-many", retryAfter: "1" } }],
    ["drops at 90 %", { method: "PUT", path: uploads, nth: [1, 4], fault: { kind: "drop", at: 0.9 } }],
    ["loses answers", { method: "PUT", nth: [2, 9], fault: { kind: "lost-answer" } }],
  ];

  it.each(passing)("%s: the push gets through", async (_case, rule) => {
    const { world, registry, images } = await setUp();
    const armed = registry.inject(rule);

    const result = await world.push(registry.host);

    expect(armed.hits).toBeGreaterThan(0);
    expect(result.images.flatMap(({ error }) => error?.message ?? [])).toEqual([]);
    await finishes(world, registry, images);
  });

  it("stalls: the request is tried again", async () => {
    const { world, registry, images } = await setUp(sampleImages(3));
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault: { kind: "stall", afterBytes: 1000 } });

    const result = await world.push(registry.host, { registry: { idleTimeoutMs: 300 } });

    expect(result.ok).toBe(true);
    await finishes(world, registry, images);
  });

  it("drops every upload of one blob: only its image fails, and is named", async () => {
    const { world, registry, images } = await setUp();
    const target = Object.values(images)[4]!.blobs[2]!.descriptor.digest;
    registry.inject({
      method: "PUT",
      path: new RegExp(target.replace(":", "(:|%3A)")),
      fault: { kind: "drop", at: 0.9 },
    });

    const result = await world.push(registry.host);

    const failed = result.images.filter(({ state }) => state === "failed");
    expect(failed.map(({ source }) => source)).toEqual(["docker.io/slipway/image-4:1"]);
    expect(failed[0]?.error).toMatchObject({ code: "REGISTRY_FAILED" });
    expect(tagsIn(registry)).toHaveLength(5);
    await finishes(world, registry, images);
  });

  it("forbids mounts: the shared layer is sent to each repository, and everything is there", async () => {
    for (const mounts of ["forbidden", "ignored"] as const) {
      const { world, registry, images } = await setUp(sampleImages(4), { mounts });

      const result = await world.push(registry.host);

      expect(result.ok).toBe(true);
      expect(registry.bytesReceived()).toBe(uniqueBytes(images) + 3 * 60_000);
      expect(result.bytes.sent).toBe(registry.bytesReceived());
      await finishes(world, registry, images);
    }
  });

  it("fills up: what failed is named, nothing incomplete is tagged, and with room the same command finishes", async () => {
    const { world, registry, images } = await setUp();
    const full: FaultRule = {
      path: uploads,
      nth: (n) => n > 12,
      fault: { kind: "error", status: 507, code: "UNKNOWN", message: "no space left on device" },
    };
    registry.inject(full);

    const result = await world.push(registry.host, { registry: { connections: 2 } });

    expect(result.ok).toBe(false);
    expect(result.counts.failed).toBeGreaterThan(0);
    expect(result.images.find(({ error }) => error !== undefined)?.error?.message).toContain("no space left");
    await finishes(world, registry, images);
  });

  it("has immutable tags: the image that differs fails with advice, the others go through", async () => {
    const { world, registry, images } = await setUp(sampleImages(3), { immutableTags: true });
    const other = syntheticImage("other", [syntheticBytes("other", 10)]);
    const earlier = await createPushWorld({ "docker.io/slipway/image-1:1": other });
    closers.push(() => earlier.close());
    await earlier.push(registry.host);

    const result = await world.push(registry.host);

    expect(states(result)).toEqual(["sent", "failed", "sent"]);
    expect(result.images[1]?.error?.message).toContain("immutable");
    expect(registry.store.tagsOf.get("slipway/image-1")?.get("1")).toBe(other.root.digest);
    expect(findIncomplete(registry)).toEqual([]);
    expect(Object.keys(images)).toHaveLength(3);
  });

  it("lies about digests: no image of it counts as pushed", async () => {
    const { world, registry, images } = await setUp(sampleImages(2));
    registry.inject({ method: "PUT", path: uploads, fault: { kind: "wrong-digest" } });

    const result = await world.push(registry.host);

    expect(states(result)).toEqual(["failed", "failed"]);
    expect(tagsIn(registry)).toEqual([]);
    await finishes(world, registry, images);
  });

  it("answers everything with a page: nothing is sent, and it is said", async () => {
    const { world, registry } = await setUp(sampleImages(3));
    registry.inject({ fault: { kind: "html" } });

    const result = await world.push(registry.host).catch((error: unknown) => error);

    expect(result).toBeInstanceOf(RegistryError);
    expect(registry.bytesReceived()).toBe(0);
  });

  it("is not there: that is said once", async () => {
    const { world, registry } = await setUp(sampleImages(3));
    await registry.close();

    const error = await world.push(registry.host).catch((thrown: unknown) => thrown as RegistryError);

    expect(error).toBeInstanceOf(RegistryError);
    expect((error as RegistryError).message).toContain("nothing answers at");
  });
});

describe("a push that is stopped", () => {
  it("by Ctrl-C says so, and the same command goes on", async () => {
    const { world, registry, images } = await setUp(sampleImages(6), { latencyMs: 5 });
    const stop = new AbortController();
    const stalled = registry.inject({ method: "PUT", nth: 3, fault: { kind: "stall" } });
    const pushed = world.push(registry.host, {}, stop.signal);
    while (stalled.hits === 0) await delay(2);

    stop.abort(new InterruptedError("interrupted"));

    await expect(pushed).rejects.toThrow(InterruptedError);
    expect(findIncomplete(registry)).toEqual([]);
    const result = await world.push(registry.host);
    expect(result.ok).toBe(true);
    expect(tagsIn(registry)).toHaveLength(Object.keys(images).length);
  });

  it.each([10, 50, 90])("by kill -9 at %d percent sends at most one blob per connection again", async (percent) => {
    const images = sampleImages(8, 400_000);
    const { world, registry } = await setUp(images, { latencyMs: 3 });
    const connections = 3;
    const args = ["push", "--from", `oci:${world.layout}`, "--to", registry.host, "--connections", String(connections)];
    const start = () =>
      startChild(process.execPath, ["installer/src/cli/main.ts", ...args, "--json"], {
        env: { PATH: process.env["PATH"], HOME: world.folder, XDG_CACHE_HOME: join(world.folder, "xdg") },
      });
    const child = start();
    while (registry.bytesReceived() < (uniqueBytes(images) * percent) / 100) await delay(1);
    child.process.kill("SIGKILL");
    await child.ended;
    expect(findIncomplete(registry)).toEqual([]);

    const done = await start().ended;

    expect([done.exitCode, done.stderr.includes("FAILED")]).toEqual([0, false]);
    const sizes = [
      ...new Map(
        Object.values(images).flatMap(({ blobs }) =>
          blobs.map((b) => [b.descriptor.digest, b.descriptor.size] as const),
        ),
      ).values(),
    ];
    const allowed = sizes
      .toSorted((a, b) => b - a)
      .slice(0, connections)
      .reduce((sum, size) => sum + size, 0);
    expect(registry.bytesReceived()).toBeLessThanOrEqual(uniqueBytes(images) + allowed);
    expect(tagsIn(registry)).toHaveLength(8);
    expect(findIncomplete(registry)).toEqual([]);
  });

  it("and whose registry was emptied since starts over", async () => {
    const { world, registry, images } = await setUp(sampleImages(4));
    registry.inject({
      method: "PUT",
      path: /manifests/,
      fault: { kind: "error", status: 400, code: "MANIFEST_INVALID" },
    });
    await world.push(registry.host);
    const [journal] = await readdir(join(world.folder, "cache", "push"));
    expect((await readFile(join(world.folder, "cache", "push", journal ?? ""), "utf8")).split("\n")).toHaveLength(14);
    const { store } = registry;
    for (const map of [store.blobs, store.sizes, store.links, store.manifests, store.tagsOf]) map.clear();
    registry.clearFaults();
    registry.clearLog();

    const result = await world.push(registry.host);

    expect(result.ok).toBe(true);
    expect(registry.bytesReceived()).toBe(uniqueBytes(images));
    expect(findIncomplete(registry)).toEqual([]);
  });
});
