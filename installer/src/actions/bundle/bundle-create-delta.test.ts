import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { flattenBundle } from "./bundle-flatten.ts";
import {
  folder,
  ownImages,
  referenceOf,
  layout,
  testPorts,
  create,
  bytesOf,
  open,
  inFreshFolder,
} from "./testing/created-bundles.ts";

inFreshFolder();

describe("a delta", () => {
  const changed = (layer: string) => ownImages({ nats: { layers: ["shared:30000", layer] } });

  it("carries the new blobs and little more", async () => {
    layout("v1");
    const made = layout("v2", changed("news:4000000"));
    await create("v1.tar", "v1");

    const delta = await create("d2.tar", "v2", { since: [join(folder, "v1.tar")] });

    const fresh = made.layersOf(referenceOf("nats"))[1]?.size ?? 0;
    expect(delta.content).toBe("delta");
    expect(delta.blobBytes).toBeLessThanOrEqual(fresh * 1.02);
    // Metadata is small beside images of a real size: here it is what the bundle has anyway.
    expect(delta.bytes - delta.blobBytes).toBeLessThan(450_000);
  });

  it("chains, and flattens to exactly the full bundle with its signature", async () => {
    layout("v1");
    layout("v2", changed("two:60000"));
    layout("v3", changed("three:70000"));
    await create("v1.tar", "v1");
    await create("d2.tar", "v2", { since: [join(folder, "v1.tar")] });
    await create("d3.tar", "v3", { since: [join(folder, "d2.tar"), join(folder, "v1.tar")] });
    await create("v3.tar", "v3");

    await flatten("flat.tar", "d3.tar", "d2.tar", "v1.tar");

    expect(bytesOf("flat.tar").equals(bytesOf("v3.tar"))).toBe(true);
  });

  it("fits a base that was flattened, and picks up a tag that was moved", async () => {
    layout("v1");
    const moved = layout("v2", changed("two:60000"));
    await create("v1.tar", "v1");
    await create("d2.tar", "v2", { since: [join(folder, "v1.tar")] });
    await flatten("flat2.tar", "d2.tar", "v1.tar");

    const again = await create("d3.tar", "v1", { since: [join(folder, "flat2.tar")] });

    const bundle = await open("d2.tar", "v1.tar");
    await bundle.close();
    const nats = bundle.complete.images.find(({ name }) => name === "nats");
    expect(nats?.root.digest).toBe(moved.roots.get(referenceOf("nats"))?.digest);
    expect(again.blobBytes).toBeGreaterThan(50_000);
  });

  it("is refused on another base, and alone", async () => {
    layout("v1");
    layout("v2", changed("two:60000"));
    layout("v3", changed("three:70000"));
    await create("v1.tar", "v1");
    await create("v3.tar", "v3");
    await create("d2.tar", "v2", { since: [join(folder, "v1.tar")] });

    await expect(flatten("flat.tar", "d2.tar", "v3.tar")).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
    await expect(flatten("flat.tar", "d2.tar")).rejects.toMatchObject({ code: "USAGE" });
    await expect(flatten("flat.tar", "v1.tar")).rejects.toMatchObject({ code: "USAGE" });
    await expect(create("d3.tar", "v3", { since: [join(folder, "d2.tar")] })).rejects.toMatchObject({ code: "USAGE" });
    expect(existsSync(join(folder, "flat.tar"))).toBe(false);
  });

  it.each([
    ["b.tar", "b.tar.partial", {}],
    ["b.tar", "b.tar.part002", { partSize: 40_000 }],
    ["b.tar", "b.tar.split.json", { partSize: 40_000 }],
    ["b.tar", "b.tar.parity001", { partSize: 40_000, parity: 1 }],
  ])("%s is not written while %s is read", async (output, read, more) => {
    layout("v1");

    await expect(create(output, join(folder, read), more)).rejects.toMatchObject({
      code: "USAGE",
      message: `${join(folder, read)} is read and would be written over`,
    });
  });

  it("a whole bundle may be made of its own parts", async () => {
    layout("v1");
    await create("b.tar", "v1", { partSize: 40_000 });

    await create("b.tar", join(folder, "b.tar.split.json"));

    expect(existsSync(join(folder, "b.tar"))).toBe(true);
  });

  it("is not written over its own base", async () => {
    layout("v1");
    await create("v1.tar", "v1");
    copyFileSync(join(folder, "v1.tar"), join(folder, "kept.tar"));

    await expect(create("v1.tar", "v1", { since: [join(folder, "v1.tar")] })).rejects.toMatchObject({ code: "USAGE" });
    expect(bytesOf("v1.tar").equals(bytesOf("kept.tar"))).toBe(true);
  });
});

function flatten(output: string, ...names: readonly string[]) {
  return flattenBundle(
    {
      paths: names.map((name) => join(folder, name)),
      output: join(folder, output),
      keyFiles: [join(folder, "key.pub")],
      allowUnsigned: false,
    },
    testPorts(),
  );
}
