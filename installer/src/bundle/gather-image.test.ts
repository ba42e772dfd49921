import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import type { ImageSource } from "../oci/content.ts";
import { type Descriptor, mediaTypes } from "../oci/descriptor.ts";
import { digestOf } from "../oci/digest.ts";
import { gatherImage } from "./gather-image.ts";

const amd64 = { os: "linux", architecture: "amd64" };

/** A source with one image, whose configuration is this text. */
function sourceWith(config: string): { readonly source: ImageSource; readonly root: Descriptor } {
  const contents = new Map<string, Buffer>();
  const add = (mediaType: string, text: string): Descriptor => {
    const bytes = Buffer.from(text);
    contents.set(digestOf(bytes), bytes);
    return { mediaType, digest: digestOf(bytes), size: bytes.length };
  };
  const manifest = { schemaVersion: 2, config: add(mediaTypes.ociConfig, config), layers: [] };
  const root = add(mediaTypes.ociManifest, JSON.stringify(manifest));
  const source: ImageSource = {
    kind: "layout",
    name: "the OCI layout /media",
    resolve: (reference) => Promise.resolve({ reference, root, referrers: [] }),
    content: { open: ({ digest }) => Promise.resolve(Readable.from([contents.get(digest) ?? Buffer.alloc(0)])) },
    close: () => Promise.resolve(),
  };
  return { source, root };
}

function gather(config: string) {
  const { source, root } = sourceWith(config);
  return gatherImage("docker.io/library/a:1", source, { reference: "a:1", root, referrers: [] }, [amd64]);
}

describe("an image without an index", () => {
  it("is for the platform that its configuration says", async () => {
    const image = await gather(JSON.stringify(amd64));

    expect(image.platforms.map(({ platform }) => platform)).toEqual(["linux/amd64"]);
  });

  it.each(["<html>", "null", "[]", '"linux"'])("is refused by name with the configuration %s", async (config) => {
    await expect(gather(config)).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringMatching(/of the image docker\.io\/library\/a:1 .*is not a configuration/) as string,
    });
  });

  it.each(["{}", '{"os":1,"architecture":{}}'])(
    "is for no platform known with the configuration %s",
    async (config) => {
      await expect(gather(config)).rejects.toThrow(/is not there for linux\/amd64.*unknown/);
    },
  );
});
