import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import {
  ForeignLayout,
  foreignConfig,
  foreignLayer,
  savedEntries,
  tarOfEntries,
} from "../../../test/support/foreign-layout.ts";
import { mediaTypes } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import { create, folder, inFreshFolder, open } from "./testing/created-bundles.ts";

inFreshFolder();

const reference = "docker.io/corp/app:1.0";
const wanted = { images: [reference], imagesOnly: true };
const image = { layers: ["a", "b"] };
const refName = "org.opencontainers.image.ref.name";
const named = { [refName]: reference };

function layoutOf(fill: (layout: ForeignLayout) => void): void {
  const layout = new ForeignLayout();
  fill(layout);
  layout.writeTo(join(folder, "l"));
}

const platform = (architecture: string) => ({ platform: { os: "linux", architecture } });

async function refusal(more: Parameters<typeof create>[2] = {}, from = "l") {
  const error = await create("b.tar", from, { ...wanted, ...more }).catch((thrown: unknown) => thrown);
  expect(readdirSync(folder).filter((name) => name.startsWith("b.tar"))).toEqual([]);
  return error as { readonly message: string; readonly hint?: string; readonly details?: readonly string[] };
}

describe("an image of which something is missing is refused before anything is written", () => {
  it.each([false, true])("a platform, with the platforms that are there (dry run: %s)", async (dryRun) => {
    layoutOf((layout) => {
      const arm64 = layout.image({ ...image, platform: "linux/arm64" });
      layout.drop(arm64);
      layout.enter(
        layout.index([
          { ...layout.image(image), ...platform("amd64") },
          { ...arm64, ...platform("arm64") },
        ]),
        named,
      );
    });

    const refused = await refusal({ dryRun, platforms: ["linux/amd64", "linux/arm64"] });
    await create("alone.tar", "l", wanted);

    expect(refused.message).toMatch(/does not have sha256:\w+, the manifest of the image \S+ for linux\/arm64/);
    expect(refused.hint).toContain("--platform linux/amd64 takes what is there");
    expect(existsSync(join(folder, "alone.tar"))).toBe(true);
  });

  it.each([false, true])("a layer (dry run: %s)", async (dryRun) => {
    layoutOf((layout) => {
      layout.enter(layout.image(image), named);
      layout.blobs.delete(digestOf(foreignLayer("b")));
    });

    const refused = await refusal({ dryRun });

    expect(refused.message).toContain(
      `does not have ${digestOf(foreignLayer("b"))}, a layer of the image ${reference}`,
    );
  });

  it.each([
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  ])("a layer that its maker does not let be passed on (%s), without advice to copy it again", async (type) => {
    layoutOf((layout) => {
      const config = layout.put(foreignConfig(image), mediaTypes.ociConfig);
      const [first, second] = image.layers.map((name) => layout.put(foreignLayer(name), mediaTypes.ociLayer));
      const foreign = { ...second, mediaType: type, urls: ["https://layers.corp.example/b"] };
      layout.enter(layout.manifest({ config, layers: [first, foreign] }), named);
      layout.blobs.delete(digestOf(foreignLayer("b")));
    });

    const refused = await refusal();

    expect(refused.message).toContain(
      `does not have ${digestOf(foreignLayer("b"))}, a layer of the image ${reference}`,
    );
    expect(refused.hint).toMatch(/^its maker does not let that layer be passed on/);
  });

  it("but for an attestation, which a pull leaves behind: the platform's manifest is carried", async () => {
    let amd64 = "";
    layoutOf((layout) => {
      const own = layout.image(image);
      amd64 = own.digest;
      const attestation = layout.manifest({ config: layout.put({}, mediaTypes.ociConfig), layers: [] });
      layout.drop(attestation);
      const unknown = { platform: { os: "unknown", architecture: "unknown" } };
      layout.enter(
        layout.index([
          { ...own, ...platform("amd64") },
          { ...attestation, ...unknown },
        ]),
        named,
      );
    });

    await create("b.tar", "l", wanted);

    const bundle = await open("b.tar");
    await bundle.close();
    expect(bundle.manifest.images[0]?.root.digest).toBe(amd64);
  });
});

describe("what a source has is told where it does not have what is wanted", () => {
  it.each([
    ["a tag alone", { [refName]: "1.27" }, "1.27: say what they are with --as NAME, which makes NAME:1.27"],
    ["no name", undefined, "give it one with --as NAME:TAG"],
    ["another name", { [refName]: "corp/other:2" }, "it has docker.io/corp/other:2"],
    [
      "the name that podman gives",
      { [refName]: "localhost/app:1.0" },
      "ask for localhost/app:1.0, or rename it with podman tag localhost/app:1.0 corp/app:1.0",
    ],
  ])("%s", async (_, annotations, told) => {
    layoutOf((layout) => layout.enter(layout.image(image), annotations));

    const refused = await refusal();

    expect(refused.details?.join("\n")).toContain(told);
  });
});

describe("an image without a name is carried under the name given", () => {
  it("from a layout that has its tag", async () => {
    layoutOf((layout) => {
      layout.enter(layout.image(image), { [refName]: "1.0" });
      layout.enter(layout.image({ layers: ["a"] }), { [refName]: "0.9" });
    });

    await create("b.tar", "l", { ...wanted, as: "corp/app" });

    const bundle = await open("b.tar");
    await bundle.close();
    expect(bundle.sizeOf(digestOf(foreignLayer("b")))).toBe(foreignLayer("b").length);
  });

  it("which is refused for more than one place", async () => {
    layoutOf((layout) => layout.enter(layout.image(image)));
    const from = [`oci:${join(folder, "l")}`, `oci:${join(folder, "l")}`];

    await expect(create("b.tar", "l", { ...wanted, from, as: "corp/app:1.0" })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("names what one layout or archive holds") as string,
    });
  });

  it("from an archive saved by id, without naming it again", async () => {
    writeFileSync(join(folder, "a.tar"), tarOfEntries(savedEntries(image, null)));

    await create("b.tar", join(folder, "a.tar"), { imagesOnly: true, as: "corp/app:1.0" });

    const bundle = await open("b.tar");
    await bundle.close();
    expect(bundle.manifest.images.map((one) => one.reference)).toEqual([reference]);
  });
});

it("takes the name that podman gives, from an archive", async () => {
  const local = "localhost/app:1.0";
  writeFileSync(join(folder, "a.tar"), tarOfEntries(savedEntries(image, [local])));

  await create("b.tar", join(folder, "a.tar"), { images: [local], imagesOnly: true });

  const bundle = await open("b.tar");
  await bundle.close();
  expect(bundle.manifest.images.map((one) => one.reference)).toEqual([local]);
});

it("reads an archive of a folder that was packed from its parent", async () => {
  const layout = new ForeignLayout();
  layout.enter(layout.image(image), named);
  writeFileSync(join(folder, "a.tar"), tarOfEntries(layout.files().map(([path, bytes]) => [`app/${path}`, bytes])));

  await create("b.tar", join(folder, "a.tar"), wanted);

  expect(existsSync(join(folder, "b.tar"))).toBe(true);
});

it("reads a layer of many frames of zstd to its end", async () => {
  const plain = foreignLayer("a");
  layoutOf((layout) => {
    const frames = Buffer.concat([zstdCompressSync(plain.subarray(0, 700)), zstdCompressSync(plain.subarray(700))]);
    const config = layout.put(foreignConfig({ layers: ["a"] }), mediaTypes.ociConfig);
    layout.enter(layout.manifest({ config, layers: [layout.put(frames, mediaTypes.ociLayerZstd)] }), named);
  });

  await create("b.tar", "l", wanted);

  expect(existsSync(join(folder, "b.tar"))).toBe(true);
});

describe("an index whose entries tell no platform", () => {
  it("is read by the configurations of its manifests", async () => {
    let arm64 = "";
    layoutOf((layout) => {
      const manifests = ["linux/amd64", "linux/arm64"].map((text) => layout.image({ ...image, platform: text }));
      arm64 = manifests[1]?.digest ?? "";
      layout.enter(layout.index(manifests), named);
    });

    await create("b.tar", "l", { ...wanted, platforms: ["linux/arm64"] });

    const bundle = await open("b.tar");
    await bundle.close();
    expect(bundle.manifest.images[0]).toMatchObject({
      root: { digest: arm64 },
      platforms: [{ platform: "linux/arm64" }],
    });
  });

  it("of several entries under one name the one for the platform is taken", async () => {
    let arm64 = "";
    layoutOf((layout) => {
      layout.enter(layout.image(image), named);
      const other = layout.image({ ...image, platform: "linux/arm64" });
      arm64 = other.digest;
      layout.enter(other, named);
    });

    await create("b.tar", "l", { ...wanted, platforms: ["linux/arm64"] });

    const bundle = await open("b.tar");
    await bundle.close();
    expect(bundle.manifest.images[0]?.root.digest).toBe(arm64);
  });
});

it.each([
  ["a name written with ./", "./"],
  ["a name written with a folder and back", "x/../"],
])("reads an archive whose manifest.json has %s, as docker load does", async (_, before) => {
  const entries = savedEntries(image, [reference]).map(([path, bytes]) => {
    if (path !== "manifest.json") return [path, bytes] as const;
    const [saved] = JSON.parse(bytes.toString()) as readonly { Config: string; RepoTags: string[]; Layers: string[] }[];
    const layers = saved?.Layers.map((layer) => `${before}${layer}`);
    const list = [{ ...saved, Config: `${before}${saved?.Config ?? ""}`, Layers: layers }];
    return [path, Buffer.from(JSON.stringify(list))] as const;
  });
  writeFileSync(join(folder, "a.tar"), tarOfEntries(entries));

  await create("b.tar", join(folder, "a.tar"), wanted);

  expect(existsSync(join(folder, "b.tar"))).toBe(true);
});

it("carries what cosign, regctl and oras keep beside an image, each once", async () => {
  const type = "application/vnd.example.sbom";
  let expected: readonly string[] = [];
  layoutOf((layout) => {
    const root = layout.image(image);
    const hex = root.digest.slice(7);
    const [listed, entered] = [layout.referrer(root, type), layout.referrer(root, type, { annotations: { b: "2" } })];
    const signature = layout.signature();
    expected = [listed.digest, entered.digest, signature.digest].toSorted();
    layout.enter(root, named);
    layout.enter(root, named);
    layout.enter(layout.index([listed, entered]), { [refName]: `sha256-${hex}` });
    layout.enter({ ...entered, artifactType: type }, { b: "2" });
    layout.enter(signature, { [refName]: `sha256-${hex}.sig` });
  });

  await create("b.tar", "l", wanted);

  const bundle = await open("b.tar");
  const [carried] = bundle.manifest.images;
  await bundle.close();
  expect(carried?.referrers.map(({ descriptor }) => descriptor.digest).toSorted()).toEqual(expected);
  expect(carried?.referrers.map(({ descriptor }) => descriptor.artifactType).toSorted()).toEqual([
    type,
    type,
    undefined,
  ]);
});
