import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PreflightError, RegistryError, UsageError } from "../../src/errors/installer-error.ts";
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
import type { TestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import { syntheticBytes, syntheticImage } from "../stand-ins/registry/synthetic-image.ts";
import { closers, setUp, states, closeRegistries } from "./pushed-images.ts";

closeRegistries();

const uploads = /\/blobs\/uploads\//;

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

  it("a folder that is not a layout, and a layout without images", async () => {
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
    expect(await refused({ registry: { caFile: join(world.layout, "oci-layout") } })).toContain("is not a PEM file");
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
