import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ForeignLayout } from "../../../test/support/foreign-layout.ts";
import { type Descriptor, mediaTypes } from "../../oci/descriptor.ts";
import { collectImageBlobs } from "../../bundle/image-blobs.ts";
import { toLoadable } from "./bundle-load.ts";
import { create, folder, inFreshFolder, layout, open, ownImages, referenceOf } from "./testing/created-bundles.ts";

inFreshFolder();

const reference = "docker.io/corp/app:1.0";
const chart = "docker.io/corp/chart:1.0";
const wanted = { images: [chart], imagesOnly: true };
const amd64 = { os: "linux", architecture: "amd64" };
const refName = "org.opencontainers.image.ref.name";

/** As `helm push` makes it. */
function chartIn(layout: ForeignLayout): Descriptor {
  const config = layout.put({ name: "chart", version: "1.0" }, "application/vnd.cncf.helm.config.v1+json");
  const content = layout.put(Buffer.from("chart"), "application/vnd.cncf.helm.chart.content.v1.tar+gzip");
  return layout.manifest({ config, layers: [content] });
}

/** As `oras push` makes it. */
function sbomIn(layout: ForeignLayout): Descriptor {
  const config = layout.put({}, "application/vnd.oci.empty.v1+json");
  const artifactType = "application/spdx+json";
  return layout.manifest({ artifactType, config, layers: [layout.put({ spdx: 1 }, artifactType)] });
}

function layoutOf(
  fill: (layout: ForeignLayout) => Descriptor,
  more: (layout: ForeignLayout) => void = () => undefined,
) {
  const layout = new ForeignLayout();
  const root = fill(layout);
  layout.enter(root, { [refName]: chart });
  more(layout);
  layout.writeTo(join(folder, "l"));
  return root;
}

describe("what is no image is carried when it is asked for by name", () => {
  it.each([
    ["a chart", chartIn],
    ["an SBOM", sbomIn],
    [
      "a file whose configuration is no JSON",
      (to: ForeignLayout) => {
        const config = to.put(Buffer.from("text"), "application/vnd.unknown.config.v1+json");
        return to.manifest({ config, layers: [to.put(Buffer.from("file"), "text/plain")] });
      },
    ],
    [
      "one whose layers have the types of manifests",
      (to: ForeignLayout) => {
        const layers = [
          to.put({ a: 1 }, mediaTypes.ociManifest),
          to.put({ b: 1 }, "application/vnd.own.manifest.v1+json"),
        ];
        return to.manifest({ config: to.put({}, "application/vnd.oci.empty.v1+json"), layers });
      },
    ],
    ["an index of such", (to: ForeignLayout) => to.index([chartIn(to), sbomIn(to)])],
  ])("%s, whatever the platforms", async (_, fill) => {
    const root = layoutOf(fill);

    const dry = await create("b.tar", "l", { ...wanted, dryRun: true, platforms: ["linux/amd64", "linux/arm64"] });
    await create("b.tar", "l", { ...wanted, platforms: ["linux/amd64", "linux/arm64"] });

    const bundle = await open("b.tar");
    const [image] = bundle.manifest.images;
    const found = await bundle.resolve(chart, [amd64]);
    const listed = JSON.parse((await bundle.readFile("manifest.json")).toString()) as unknown;
    const blobs = image === undefined ? undefined : await collectImageBlobs(bundle, image);
    await bundle.close();
    expect(dry.images).toMatchObject([{ reference: chart, digest: root.digest }]);
    expect(image).toMatchObject({ root: { digest: root.digest }, platforms: [] });
    expect(found?.root.digest).toBe(root.digest);
    expect(blobs).toMatchObject({ problems: [] });
    expect(listed).toEqual([]);
  });

  it("beside images, which docker load finds as before", async () => {
    layoutOf(chartIn, (to) => to.enter(to.image({ layers: ["a"] }), { [refName]: reference }));

    await create("b.tar", "l", { ...wanted, images: [chart, reference] });

    const bundle = await open("b.tar");
    const listed = JSON.parse((await bundle.readFile("manifest.json")).toString()) as unknown;
    await bundle.close();
    expect(listed).toMatchObject([{ RepoTags: ["corp/app:1.0"] }]);
  });

  it("with what refers to it", async () => {
    let signature = "";
    layoutOf(chartIn, (to) => {
      const signed = to.referrer(chartIn(to), "application/vnd.example.signature");
      signature = signed.digest;
      to.enter(signed);
    });

    await create("b.tar", "l", wanted);

    const bundle = await open("b.tar");
    await bundle.close();
    expect(bundle.manifest.images[0]?.referrers.map(({ descriptor }) => descriptor.digest)).toEqual([signature]);
  });

  it("and is refused when a part of it is missing, before anything is written", async () => {
    layoutOf(chartIn, (to) => to.drop(to.put(Buffer.from("chart"), "")));

    await expect(create("b.tar", "l", { ...wanted, dryRun: true })).rejects.toThrow("a layer of the image");
    await expect(create("b.tar", "l", wanted)).rejects.toThrow("a layer of the image");
    expect(readdirSync(folder).filter((name) => name.startsWith("b.tar"))).toEqual([]);
  });

  it("and no engine is given it", async () => {
    layoutOf(chartIn);
    await create("b.tar", "l", wanted);

    const bundle = await open("b.tar");
    await bundle.close();
    const [image] = bundle.manifest.images;
    expect(() => image && toLoadable(image, amd64, "the bundle")).toThrow(`${chart} in the bundle is no image`);
  });
});

it("what stands under the name of an image of the platform and is none is refused", async () => {
  const folderOf = layout(
    "p",
    ownImages().filter(({ reference: name }) => name !== referenceOf("nats")),
  );
  const documents = new ForeignLayout();
  documents.enter(chartIn(documents), { [refName]: referenceOf("nats") });
  documents.writeTo(join(folder, "l"));
  const from = [`oci:${folderOf.folder}`, `oci:${join(folder, "l")}`];

  await expect(create("b.tar", "p", { from })).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: expect.stringContaining("is no image that an engine could run") as string,
  });
});

describe("what refers to an image", () => {
  const sbom = "application/spdx+json";
  const image = { layers: ["a"] };
  const asked = { images: [reference], imagesOnly: true };

  function withImage(fill: (layout: ForeignLayout, root: Descriptor) => void): void {
    const to = new ForeignLayout();
    const root = to.image(image);
    to.enter(root, { [refName]: reference });
    fill(to, root);
    to.writeTo(join(folder, "l"));
  }

  it("travels with what refers to it in its turn", async () => {
    let expected: readonly string[] = [];
    withImage((to, root) => {
      const first = to.referrer(root, sbom);
      const second = to.referrer(first, "application/vnd.in-toto+json");
      const signature = to.signature();
      // In the order that is hardest: what refers to something stands before it.
      to.enter(signature, { [refName]: `sha256-${second.digest.slice(7)}.sig` });
      to.enter(second);
      to.enter(first);
      expected = [first.digest, second.digest, signature.digest].toSorted();
    });

    await create("b.tar", "l", asked);

    const bundle = await open("b.tar");
    await bundle.close();
    expect(bundle.manifest.images[0]?.referrers.map(({ descriptor }) => descriptor.digest).toSorted()).toEqual(
      expected,
    );
  });

  it.each([
    ["its payload", (to: ForeignLayout) => to.drop(to.put({ type: sbom }, ""))],
    ["its configuration", (to: ForeignLayout) => to.drop(to.put({}, ""))],
  ])("is refused without %s, in a dry run too, and leaves nothing", async (_, take) => {
    withImage((to, root) => {
      to.enter(to.referrer(root, sbom));
      take(to);
    });
    const refused = {
      code: "BUNDLE_INVALID",
      message: expect.stringContaining(`refers to the image ${reference}`) as string,
    };

    await expect(create("b.tar", "l", { ...asked, dryRun: true })).rejects.toMatchObject(refused);
    await expect(create("b.tar", "l", asked)).rejects.toMatchObject(refused);
    expect(readdirSync(folder).filter((name) => name.startsWith("b.tar"))).toEqual([]);
  });

  it("is refused where only cosign's tag of it was copied, with the image named", async () => {
    withImage((to, root) => {
      const signature = to.signature();
      to.enter(signature, { [refName]: `sha256-${root.digest.slice(7)}.sig` });
      to.drop(signature);
    });

    await expect(create("b.tar", "l", { ...asked, dryRun: true })).rejects.toThrow(`refers to the image ${reference}`);
  });

  it("has the type that its manifest says, whatever the layout says of it", async () => {
    withImage((to, root) => to.enter({ ...to.referrer(root, sbom), artifactType: mediaTypes.ociConfig }));

    await create("b.tar", "l", asked);

    const bundle = await open("b.tar");
    await bundle.close();
    expect(bundle.manifest.images[0]?.referrers).toMatchObject([{ descriptor: { artifactType: sbom } }]);
  });
});
