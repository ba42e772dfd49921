import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { mediaTypes } from "../../src/oci/descriptor.ts";
import { hexOf } from "../../src/oci/digest.ts";
import { ForeignLayout, savedEntries, tarOfEntries } from "../support/foreign-layout.ts";
import { closeRegistries, setUp, states } from "./pushed-images.ts";
import { sampleImages, tagsIn } from "./push-world.ts";

closeRegistries();

const image = { layers: ["a", "b"] };
const refName = "org.opencontainers.image.ref.name";
const whole = { "io.containerd.image.name": "docker.io/corp/app:1.0", [refName]: "1.0" };

/** A registry, and a push of one layout that was made by hand. */
async function setUpLayout(fill: (layout: ForeignLayout) => void) {
  const { world, registry } = await setUp(sampleImages(1));
  const layout = new ForeignLayout();
  fill(layout);
  const folder = join(world.folder, "foreign");
  mkdirSync(folder);
  layout.writeTo(folder);
  const from = [`oci:${folder}`];
  return {
    registry,
    world,
    push: (more: Parameters<typeof world.push>[1] = {}) => world.push(registry.host, { from, ...more }),
  };
}

describe("an image whose manifest names other layers than its configuration", () => {
  it("fails by name, in a dry run too, and nothing of it is sent", async () => {
    const { push, registry } = await setUpLayout((layout) =>
      layout.enter(layout.image({ ...image, listed: [] }), whole),
    );

    for (const dryRun of [true, false]) {
      const result = await push({ dryRun });

      expect(result.ok).toBe(false);
      expect(result.images[0]?.error).toMatchObject({
        code: "BUNDLE_INVALID",
        message: expect.stringContaining("names no layers, and its configuration has 2") as string,
      });
    }
    expect(registry.bytesReceived()).toBe(0);
    expect(tagsIn(registry)).toEqual([]);
  });
});

describe("an image of which only part was pulled", () => {
  const halfPulled = (layout: ForeignLayout): void => {
    const amd64 = layout.image(image);
    const arm64 = layout.image({ ...image, platform: "linux/arm64" });
    layout.drop(arm64);
    const platform = (architecture: string) => ({ platform: { os: "linux", architecture } });
    layout.enter(
      layout.index([
        { ...amd64, ...platform("amd64") },
        { ...arm64, ...platform("arm64") },
      ]),
      whole,
    );
  };

  it("fails before anything of it is sent, with the platform that is missing and a way out", async () => {
    const { push, registry } = await setUpLayout(halfPulled);

    for (const dryRun of [true, false]) {
      const [failed] = (await push({ dryRun })).images;

      expect(failed?.error?.message).toMatch(
        /does not have sha256:\w+, the manifest of the image \S+ for linux\/arm64/,
      );
      expect(failed?.error?.hint).toContain("--platform linux/amd64 takes what is there");
    }
    expect(registry.bytesReceived()).toBe(0);
  });

  it("is pushed for the platform that is there", async () => {
    const { push, registry } = await setUpLayout(halfPulled);

    const result = await push({ platforms: ["linux/amd64"] });

    expect(states(result)).toEqual(["sent"]);
    expect(tagsIn(registry)).toEqual(["corp/app:1.0"]);
  });

  it("fails before anything of it is sent where a layer is missing", async () => {
    const { push, registry } = await setUpLayout((layout) => {
      layout.enter(layout.image(image), whole);
      layout.drop(layout.put(Buffer.from("x"), "x"));
      for (const [digest, bytes] of layout.blobs) if (bytes.includes("b\nb\n")) layout.blobs.delete(digest);
    });

    const [failed] = (await push()).images;

    expect(failed?.error?.message).toMatch(/does not have sha256:\w+, a layer of the image docker\.io\/corp\/app:1\.0/);
    expect(registry.bytesReceived()).toBe(0);
  });
});

it("fails before anything is sent where a part of what refers to the image is missing", async () => {
  const { push, registry } = await setUpLayout((layout) => {
    const root = layout.image(image);
    layout.enter(root, whole);
    layout.enter(layout.referrer(root, "application/spdx+json"));
    layout.drop(layout.put({ type: "application/spdx+json" }, ""));
  });

  for (const dryRun of [true, false]) {
    const [failed] = (await push({ dryRun })).images;

    expect(failed?.error?.message).toContain("belongs to what refers to the image docker.io/corp/app:1.0");
  }
  expect(registry.bytesReceived()).toBe(0);
});

it("a chart is pushed like an image, whatever platforms are asked for", async () => {
  const { push, registry } = await setUpLayout((layout) => {
    const config = layout.put({ name: "app" }, "application/vnd.cncf.helm.config.v1+json");
    const content = layout.put(Buffer.from("chart"), "application/vnd.cncf.helm.chart.content.v1.tar+gzip");
    layout.enter(layout.manifest({ config, layers: [content] }), whole);
  });

  const result = await push({ platforms: ["linux/amd64"] });

  expect(states(result)).toEqual(["sent"]);
  expect(tagsIn(registry)).toEqual(["corp/app:1.0"]);
});

describe("a layout whose images have a tag and no name", () => {
  const tagged = (layout: ForeignLayout): void => {
    layout.enter(layout.image(image), { [refName]: "1.27" });
    layout.enter(layout.image({ layers: ["a"] }), { [refName]: "1.28" });
  };

  it("is refused with what to write, and nothing is sent", async () => {
    const { push, registry } = await setUpLayout(tagged);

    await expect(push()).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringMatching(/1\.27, 1\.28: say what they are with --as NAME/) as string,
    });
    expect(registry.log).toEqual([]);
  });

  it("is pushed under the name given, each by its tag", async () => {
    const { push, registry } = await setUpLayout(tagged);

    await push({ as: "corp/app" });

    expect(tagsIn(registry)).toEqual(["corp/app:1.27", "corp/app:1.28"]);
  });

  it("gives one of them when its tag is given", async () => {
    const { push, registry } = await setUpLayout(tagged);

    await push({ as: "corp/app:1.28" });

    expect(tagsIn(registry)).toEqual(["corp/app:1.28"]);
  });

  it.each([
    ["corp/app:9", "could be any of the images"],
    ["corp/app@sha256:abc", "is not an image reference"],
    [`corp/app@sha256:${"a".repeat(64)}`, "has a digest"],
  ])("is refused with the name %s", async (as, message) => {
    const { push } = await setUpLayout(tagged);

    await expect(push({ as })).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining(message) as string,
    });
  });
});

it("a layout without names is refused with what to write, and pushed with a name and a tag", async () => {
  const { push, registry } = await setUpLayout((layout) => layout.enter(layout.image(image)));

  await expect(push()).rejects.toThrow("give it one with --as NAME:TAG");
  await expect(push({ as: "corp/app" })).rejects.toMatchObject({
    code: "USAGE",
    hint: expect.stringContaining(":TAG") as string,
  });
  await push({ as: "corp/app:1.0" });

  expect(tagsIn(registry)).toEqual(["corp/app:1.0"]);
});

it("--as where every image has a name is refused", async () => {
  const { push } = await setUpLayout((layout) => layout.enter(layout.image(image), whole));

  await expect(push({ as: "corp/other:1" })).rejects.toThrow("every image of the OCI layout");
});

describe("an archive of docker save is pushed whole", () => {
  it.each([
    ["by its name", ["corp/app:1.0"], undefined, "corp/app:1.0"],
    ["saved by podman, by the local name", ["localhost/app:1.0"], undefined, "app:1.0"],
    ["saved by id, by the name given", null, "corp/app:2.0", "corp/app:2.0"],
  ])("%s", async (_, tags, as, expected) => {
    const { world, registry } = await setUp(sampleImages(1));
    const file = join(world.folder, "saved.tar");
    writeFileSync(file, tarOfEntries(savedEntries(image, tags)));

    await world.push(registry.host, { from: [file], ...(as !== undefined && { as }) });

    expect(tagsIn(registry)).toEqual([expected]);
  });

  it("and refused without a name for what was saved by id", async () => {
    const { world, registry } = await setUp(sampleImages(1));
    const file = join(world.folder, "saved.tar");
    writeFileSync(file, tarOfEntries(savedEntries(image, null)));

    await expect(world.push(registry.host, { from: [file] })).rejects.toThrow("give it one with --as NAME:TAG");
  });
});

describe("what refers to an image goes with it from a layout of", () => {
  const type = "application/vnd.dev.sigstore.bundle.v0.3+json";

  it("regctl with --referrers: a list under a tag made of the digest", async () => {
    let attached = "";
    const { push, registry } = await setUpLayout((layout) => {
      const root = layout.image(image);
      const referrer = layout.referrer(root, type, { annotations: { "org.example": "x" } });
      attached = referrer.digest;
      layout.enter(root, whole);
      layout.enter(layout.index([{ ...referrer, artifactType: type }]), { [refName]: `sha256-${hexOf(root.digest)}` });
    });

    expect((await push()).ok).toBe(true);

    expect(registry.store.manifests.get("corp/app")?.has(attached)).toBe(true);
  });

  it("regctl with --digest-tags, skopeo and oras: a tag made of the digest", async () => {
    let digest = "";
    const { push, registry } = await setUpLayout((layout) => {
      const root = layout.image(image);
      digest = root.digest;
      layout.enter(root, { [refName]: "1.0" });
      for (const suffix of ["sig", "att"]) {
        layout.enter(layout.signature({ suffix }), { [refName]: `sha256-${hexOf(digest)}.${suffix}` });
      }
    });

    await push({ as: "corp/app" });

    expect(tagsIn(registry)).toEqual(
      ["1.0", `sha256-${hexOf(digest)}.att`, `sha256-${hexOf(digest)}.sig`].map((tag) => `corp/app:${tag}`),
    );
  });

  it("cosign save: two entries of a kind and without a name", async () => {
    let digest = "";
    const { push, registry } = await setUpLayout((layout) => {
      const root = layout.image(image);
      digest = root.digest;
      layout.enter(root, { kind: "dev.cosignproject.cosign/image" });
      layout.enter(layout.signature(), { kind: "dev.cosignproject.cosign/sigs" });
    });

    await push({ as: "corp/app:1.0" });

    expect(tagsIn(registry)).toEqual(["corp/app:1.0", `corp/app:sha256-${hexOf(digest)}.sig`]);
  });

  it("oras: an entry of its own, by its subject", async () => {
    let attached = "";
    const { push, registry } = await setUpLayout((layout) => {
      const root = layout.image(image);
      const referrer = layout.referrer(root, type);
      attached = referrer.digest;
      layout.enter(root, { [refName]: "1.0" });
      layout.enter({ ...referrer, artifactType: type }, { "org.example": "x" });
    });

    await push({ as: "corp/app" });

    expect(registry.store.manifests.get("corp/app")?.has(attached)).toBe(true);
    expect(tagsIn(registry).filter((tag) => !tag.includes("sha256-"))).toEqual(["corp/app:1.0"]);
  });
});

it("an index whose entries tell no platform is narrowed by the configurations", async () => {
  let arm64 = "";
  const { push, registry } = await setUpLayout((layout) => {
    const manifests = ["linux/amd64", "linux/arm64"].map((platform) => layout.image({ ...image, platform }));
    arm64 = manifests[1]?.digest ?? "";
    layout.enter(layout.index(manifests), whole);
  });

  await push({ platforms: ["linux/arm64"] });

  expect(registry.store.tagsOf.get("corp/app")?.get("1.0")).toBe(arm64);
});

it("the same entry twice is one image", async () => {
  const { push, registry } = await setUpLayout((layout) => {
    const root = layout.image(image);
    layout.enter({ ...root, artifactType: mediaTypes.ociConfig }, whole);
    layout.enter({ ...root, artifactType: mediaTypes.ociConfig }, whole);
  });

  const result = await push();

  expect(states(result)).toEqual(["sent"]);
  expect(tagsIn(registry)).toEqual(["corp/app:1.0"]);
});
