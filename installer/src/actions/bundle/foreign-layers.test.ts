import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ForeignLayout, foreignConfig, foreignLayer, tarOfEntries } from "../../../test/support/foreign-layout.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { create, folder, inFreshFolder, open } from "./testing/created-bundles.ts";

inFreshFolder();

const reference = "docker.io/corp/app:1.0";
const wanted = { images: [reference], imagesOnly: true };
const layers = ["a", "b"];
const names = { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": "1.0" };

/** What first builds of Docker 25 saved: the manifest names no layers, and they are there. */
function withoutLayers(): ForeignLayout {
  const layout = new ForeignLayout();
  layout.enter(layout.image({ layers, listed: [] }), names);
  for (const layer of layers) layout.put(foreignLayer(layer), "application/vnd.oci.image.layer.v1.tar");
  return layout;
}

/** `manifest.json` beside it, naming these layers. */
function listOf(named: readonly string[]): readonly [string, Buffer] {
  const path = (bytes: Buffer): string => `blobs/sha256/${hexOf(digestOf(bytes))}`;
  const list = [
    {
      Config: path(foreignConfig({ layers })),
      RepoTags: ["corp/app:1.0"],
      Layers: named.map((layer) => path(foreignLayer(layer))),
    },
  ];
  return ["manifest.json", Buffer.from(JSON.stringify(list))];
}

describe("a manifest that names other layers than its configuration", () => {
  it("is passed over where manifest.json of the archive names them all", async () => {
    writeFileSync(join(folder, "a.tar"), tarOfEntries([...withoutLayers().files(), listOf(layers)]));

    await create("b.tar", join(folder, "a.tar"), wanted);

    const bundle = await open("b.tar");
    const sizes = layers.map((layer) => bundle.sizeOf(digestOf(foreignLayer(layer))));
    await bundle.close();
    expect(sizes).toEqual(layers.map((layer) => foreignLayer(layer).length));
  });

  it.each([false, true])("is refused where that is wrong too (dry run: %s)", async (dryRun) => {
    writeFileSync(join(folder, "a.tar"), tarOfEntries([...withoutLayers().files(), listOf(["a"])]));

    await expect(create("b.tar", join(folder, "a.tar"), { ...wanted, dryRun })).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining("has not as many layers as its configuration says") as string,
    });
    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });

  it("is refused in a layout, which has no manifest.json", async () => {
    withoutLayers().writeTo(join(folder, "l"));

    await expect(create("b.tar", "l", wanted)).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining(`${reference} from`) as string,
    });
    await expect(create("b.tar", "l", wanted)).rejects.toThrow("names no layers, and its configuration has 2");
  });

  it("is refused on any platform that is carried", async () => {
    const layout = new ForeignLayout();
    const amd64 = { ...layout.image({ layers }), platform: { os: "linux", architecture: "amd64" } };
    const arm64 = layout.image({ layers, listed: ["a"], platform: "linux/arm64" });
    layout.enter(layout.index([amd64, { ...arm64, platform: { os: "linux", architecture: "arm64" } }]), names);
    layout.writeTo(join(folder, "l"));

    const platforms = ["linux/amd64", "linux/arm64"];
    await expect(create("b.tar", "l", { ...wanted, platforms })).rejects.toThrow(arm64.digest);
    await create("b.tar", "l", wanted);
  });
});
