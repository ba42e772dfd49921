import { describe, expect, it } from "vitest";
import { BundleError } from "../../errors/installer-error.ts";
import { mediaTypes } from "../../oci/descriptor.ts";
import { type Shelf, addIndex, addManifest, createShelf } from "./testing/sample-images.ts";
import { readManifests } from "./read-image.ts";

function from(shelf: Shelf) {
  return { content: shelf, name: "redis", toError: (problem: string) => new BundleError(`redis: ${problem}`) };
}

describe("reading an image", () => {
  it("gives children before the root, each once", async () => {
    const shelf = createShelf();
    const one = addManifest(shelf, ["one"]);
    const root = addIndex(shelf, [one, addManifest(shelf, ["two"]), one]);

    const manifests = await readManifests(root, from(shelf));

    expect(manifests.map(({ manifest }) => manifest.kind)).toEqual(["image", "image", "index"]);
    expect(manifests.at(-1)?.descriptor.digest).toBe(root.digest);
  });

  it("names a manifest that is not what its digest says", async () => {
    const shelf = createShelf();
    const root = addManifest(shelf, ["one"]);
    shelf.bytes.set(root.digest, Buffer.from("x".repeat(root.size)));

    await expect(readManifests(root, from(shelf))).rejects.toThrow(`redis: manifest ${root.digest} has the digest`);
  });

  it.each([
    ["longer", 1, "is longer than"],
    ["shorter", -1, "ends after"],
  ])("names a manifest that is %s than its descriptor", async (_case, change, problem) => {
    const shelf = createShelf();
    const root = addManifest(shelf, ["one"]);
    shelf.bytes.set(root.digest, Buffer.alloc(root.size + change));

    await expect(readManifests(root, from(shelf))).rejects.toThrow(problem);
  });

  it("refuses a manifest larger than any before it reads it", async () => {
    const shelf = createShelf();
    const root = { mediaType: mediaTypes.ociManifest, digest: `sha256:${"a".repeat(64)}`, size: 5 * 1024 * 1024 };

    await expect(readManifests(root, from(shelf))).rejects.toThrow("more than the 4194304 of any");
    expect(shelf.opened).toEqual([]);
  });

  it("refuses indexes in indexes without end, and more manifests than any image has", async () => {
    const shelf = createShelf();
    let deep = addManifest(shelf, ["one"]);
    for (let n = 0; n < 6; n += 1) deep = addIndex(shelf, [deep]);
    const wide = addIndex(
      shelf,
      Array.from({ length: 1100 }, (_, n) => addManifest(shelf, [`${n}`])),
    );

    await expect(readManifests(deep, from(shelf))).rejects.toThrow("manifests deep");
    await expect(readManifests(wide, from(shelf))).rejects.toThrow("more than 1000 manifests");
  });

  it("names a child the source does not have", async () => {
    const shelf = createShelf();
    const child = addManifest(shelf, ["one"]);
    const root = addIndex(shelf, [child]);
    shelf.bytes.delete(child.digest);

    await expect(readManifests(root, from(shelf))).rejects.toThrow(child.digest);
  });
});
