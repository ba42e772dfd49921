import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { ForeignLayout } from "../../../test/support/foreign-layout.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { hexOf } from "../../oci/digest.ts";
import { openLayoutFolder } from "./layout-source.ts";

const { ports } = createBundlePorts();
const kind = (part: string) => ({ kind: `dev.cosignproject.cosign/${part}` });
const hauler = (name: string, part: string) => ({ ...kind(part), "io.containerd.image.name": name });
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-cosign-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The tags under which what belongs to an image is found. */
async function tagsOf(layout: ForeignLayout, reference: string): Promise<readonly (string | undefined)[] | undefined> {
  layout.writeTo(folder);
  const source = await openLayoutFolder(folder, ports.bulkFiles);
  const found = await source.resolve(reference, []);
  await source.close();
  return found?.referrers.map(({ tag }) => tag);
}

function signed(digest: string): object {
  return { image: { "docker-manifest-digest": digest } };
}

describe("what cosign save writes beside an image", () => {
  it("belongs to the image of the same name, and is never taken for it", async () => {
    const layout = new ForeignLayout();
    const images: Descriptor[] = [];
    for (const name of ["docker.io/corp/one:1", "docker.io/corp/two:1"]) {
      const root = layout.image({ layers: [name] });
      images.push(root);
      layout.enter(layout.signature({ name }), hauler(name, "sigs"));
      layout.enter(layout.signature({ att: name }), hauler(name, "atts"));
      layout.enter(root, hauler(name, "image"));
    }

    const hex = hexOf(images[1]?.digest ?? "");
    expect(await tagsOf(layout, "docker.io/corp/two:1")).toEqual([`sha256-${hex}.sig`, `sha256-${hex}.att`]);
  });

  it("belongs to the image that the signature names, where there are several", async () => {
    const layout = new ForeignLayout();
    const [one, two] = [layout.image({ layers: ["a"] }), layout.image({ layers: ["b"] })];
    layout.enter(one, kind("image"));
    layout.enter(two, kind("image"));
    layout.enter(layout.signature(signed(two.digest)), kind("sigs"));

    expect(await tagsOf(layout, `docker.io/corp/two@${two.digest}`)).toEqual([`sha256-${hexOf(two.digest)}.sig`]);
    expect(await tagsOf(layout, `docker.io/corp/one@${one.digest}`)).toEqual([]);
  });

  it.each(["sigs", "atts"])("is refused where nothing tells whose %s they are", async (part) => {
    const layout = new ForeignLayout();
    const one = layout.image({ layers: ["a"] });
    layout.enter(one, kind("image"));
    layout.enter(layout.image({ layers: ["b"] }), kind("image"));
    layout.enter(layout.signature({ of: "nothing" }), kind(part));

    await expect(tagsOf(layout, `docker.io/corp/one@${one.digest}`)).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      hint: "save each image with cosign into a folder of its own",
    });
  });

  it.each([
    ["by the name of the image", {}],
    ["by the digest behind the kind", { "io.containerd.image.name": "docker.io/corp/other:1" }],
  ])("as Hauler's later versions write it belongs to its image: %s", async (_, named) => {
    const layout = new ForeignLayout();
    const root = layout.image({ layers: ["a"] });
    const hex = hexOf(root.digest);
    const name = { "io.containerd.image.name": "docker.io/corp/one:1" };
    layout.enter(root, { ...name, kind: "dev.hauler/image" });
    const suffix = Object.keys(named).length === 0 ? "" : `/${hex}`;
    layout.enter(layout.signature(), { ...name, ...named, kind: `dev.hauler/sigs${suffix}` });

    expect(await tagsOf(layout, "docker.io/corp/one:1")).toEqual([`sha256-${hex}.sig`]);
  });

  it("belongs to what its tag is made of, where it has one", async () => {
    const layout = new ForeignLayout();
    const root = layout.image({ layers: ["a"] });
    const tag = `sha256-${hexOf(root.digest)}.sig`;
    layout.enter(root, hauler("docker.io/corp/one:1", "image"));
    layout.enter(layout.signature(), hauler(`docker.io/corp/one:${tag}`, "sigs"));

    expect(await tagsOf(layout, "docker.io/corp/one:1")).toEqual([tag]);
  });

  it("of an image that is not in the layout is left out", async () => {
    const layout = new ForeignLayout();
    layout.enter(layout.image({ layers: ["a"] }), { "io.containerd.image.name": "docker.io/corp/one:1" });
    layout.enter(layout.signature(), hauler("docker.io/corp/gone:1", "sigs"));

    expect(await tagsOf(layout, "docker.io/corp/one:1")).toEqual([]);
  });
});
