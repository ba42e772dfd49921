import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { hexOf } from "../../src/oci/digest.ts";
import { syntheticBytes, syntheticImage, syntheticIndex } from "../stand-ins/registry/synthetic-image.ts";
import { fixturePublicKey, makeBundle } from "../support/bundle-fixture.ts";
import { closeRegistries, setUp, states } from "./pushed-images.ts";
import { findIncomplete, type PushWorld, sampleImages, tagsIn } from "./push-world.ts";

closeRegistries();

const images = sampleImages(3);
const middle = "docker.io/slipway/image-1:1";

/** Turns a bit of a file of the layout over. */
async function damage({ layout }: PushWorld, digest: string): Promise<void> {
  const path = join(layout, "blobs", "sha256", hexOf(digest));
  const bytes = await readFile(path);
  bytes.writeUInt8(bytes.readUInt8(20) ^ 1, 20);
  await writeFile(path, bytes);
}

describe("a push of a source in which something is damaged", () => {
  const rootOf = (name: string) => images[name]?.root.digest ?? "";

  it.each([
    ["all of the layout", {}],
    ["one platform", { platforms: ["linux/amd64"] }],
    ["chosen images", { images: ["slipway/image-0:1", "slipway/image-1:1", "slipway/image-2:1"] }],
  ])("names the image whose manifest it is, and the others go through: %s", async (_what, changes) => {
    const { world, registry } = await setUp(images);
    await damage(world, rootOf(middle));

    const result = await world.push(registry.host, changes);

    expect(result.ok).toBe(false);
    const failed = result.images.filter(({ state }) => state === "failed");
    expect(failed.map(({ source, target }) => [source, target])).toEqual([
      [middle, `${registry.host}/slipway/image-1:1`],
    ]);
    expect(failed[0]?.error?.message).toContain(`${rootOf(middle)} of the image ${middle} from the OCI layout`);
    expect(failed[0]?.error?.code).toBe("BUNDLE_INVALID");
    expect(tagsIn(registry)).toEqual(["slipway/image-0:1", "slipway/image-2:1"]);
    expect(findIncomplete(registry)).toEqual([]);
  });

  it("goes on with a whole copy, and leaves nothing in the cache folder then", async () => {
    const { world, registry } = await setUp(images);
    await damage(world, rootOf(middle));
    const failed = await world.push(registry.host);
    await damage(world, rootOf(middle));

    const result = await world.push(registry.host);

    expect(failed.images.map(({ digest }) => digest).toSorted()).toEqual(
      result.images.map(({ digest }) => digest).toSorted(),
    );
    expect([result.ok, result.counts.cached, tagsIn(registry).length]).toEqual([true, 2, 3]);
    expect(await readdir(join(world.folder, "cache", "push"))).toEqual([]);
  });

  it("tells it in a dry run, too", async () => {
    const { world, registry } = await setUp(images);
    await damage(world, rootOf(middle));

    const result = await world.push(registry.host, { dryRun: true });

    expect(states(result).toSorted()).toEqual(["failed", "planned", "planned"]);
    expect(result.ok).toBe(false);
  });

  it("ends with that where no other image is left", async () => {
    const { world, registry } = await setUp(images);
    await damage(world, rootOf(middle));

    const pushed = world.push(registry.host, { images: ["slipway/image-1:1"] });

    await expect(pushed).rejects.toThrow(`${rootOf(middle)} of the image ${middle}`);
    expect(registry.log).toEqual([]);
  });

  it("names the image whose platform is damaged, of a bundle narrowed to one, too", async () => {
    const { world, registry } = await setUp({});
    const made = makeBundle();
    const manifest = [...made.blobs.values()].find((bytes) => bytes.includes("application/vnd.oci.image.manifest"));
    const bytes = Buffer.from(made.bytes);
    const at = bytes.indexOf(manifest ?? "") + 20;
    bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
    const [file, key] = [join(world.folder, "b.tar"), join(world.folder, "key.pub")];
    await writeFile(file, bytes);
    await writeFile(key, fixturePublicKey);

    const bundle = { paths: [file], keyFiles: [key], allowUnsigned: false };
    const result = await world.push(registry.host, { bundle, platforms: ["linux/amd64"] });

    expect(states(result).toSorted()).toEqual(["failed", "sent"]);
    expect(result.images.find(({ state }) => state === "failed")?.error?.message).toContain("of the image postgres");
  });

  it("names every image that needs a damaged layer", async () => {
    const { world, registry } = await setUp({
      ...images,
      "docker.io/slipway/other:1": syntheticIndex([syntheticImage("other", [syntheticBytes("unshared", 900)])]),
    });
    const shared = images[middle]?.blobs[1]?.descriptor.digest ?? "";
    await damage(world, shared);

    const result = await world.push(registry.host);

    const failed = result.images.filter(({ state }) => state === "failed");
    expect(failed).toHaveLength(3);
    for (const { error } of failed) {
      expect(error?.message).toMatch(
        new RegExp(`^docker.io/slipway/image-0:1, ${middle}, docker.io/slipway/image-2:1 from .* blob ${shared} `),
      );
    }
    expect(tagsIn(registry)).toEqual(["slipway/other:1"]);
  });
});
