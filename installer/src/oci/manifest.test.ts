import { describe, expect, it } from "vitest";
import { mediaTypes } from "./descriptor.ts";
import {
  type IndexManifest,
  artifactTypeOf,
  childrenOf,
  manifestLimit,
  parseManifest,
  selectPlatforms,
} from "./manifest.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const row = (letter: string, more: object = {}): object => ({
  mediaType: mediaTypes.ociManifest,
  digest: digest(letter),
  size: 7,
  ...more,
});

function read(document: unknown) {
  const bytes = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  return parseManifest(bytes, (problem) => new Error(`the manifest ${problem}`));
}

const image = {
  schemaVersion: 2,
  config: row("c", { mediaType: mediaTypes.ociConfig }),
  layers: [row("1", { mediaType: mediaTypes.ociLayerGzip }), row("2")],
};

describe("parseManifest", () => {
  it("reads an image; configuration and layers are its children", () => {
    const manifest = read({
      ...image,
      mediaType: mediaTypes.dockerManifest,
      artifactType: "application/x",
      subject: row("5"),
    });

    expect(manifest.kind).toBe("image");
    expect(manifest.mediaType).toBe(mediaTypes.dockerManifest);
    expect(manifest.subject?.digest).toBe(digest("5"));
    expect(childrenOf(manifest).map((child) => child.digest)).toEqual([digest("c"), digest("1"), digest("2")]);
  });

  it("reads an index; its manifests are its children, with platform and annotations", () => {
    const manifest = read({
      schemaVersion: 2,
      manifests: [row("a", { platform: { os: "linux", architecture: "arm64", variant: "v8", x: 1 } }), row("b")],
    });

    expect(manifest).toMatchObject({ kind: "index", mediaType: mediaTypes.ociIndex });
    expect(childrenOf(manifest)[0]?.platform).toEqual({ os: "linux", architecture: "arm64", variant: "v8" });
  });

  it("reads the version of Windows that a manifest is for", () => {
    const platform = { os: "windows", architecture: "amd64", "os.version": "10.0.20348.2700" };
    const manifest = read({ schemaVersion: 2, manifests: [row("a", { platform })] });

    expect(childrenOf(manifest)[0]?.platform).toEqual({
      os: "windows",
      architecture: "amd64",
      osVersion: "10.0.20348.2700",
    });
  });

  it("takes a list that is null for an empty one, as programs in Go write it", () => {
    const empty = read({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: null });

    expect(empty).toMatchObject({ kind: "index", manifests: [] });
    expect(read({ ...image, layers: null })).toMatchObject({ kind: "image", layers: [] });
    expect(read({ ...image, subject: null }).subject).toBeUndefined();
  });

  it("tells what kind of thing it is, by the configuration's type where nothing else does", () => {
    expect(artifactTypeOf(read(image))).toBe(mediaTypes.ociConfig);
    expect(artifactTypeOf(read({ ...image, artifactType: "a/b" }))).toBe("a/b");
    expect(artifactTypeOf(read({ schemaVersion: 2, manifests: [] }))).toBeUndefined();
    expect(read({ ...image, annotations: { a: "x" } }).annotations).toEqual({ a: "x" });
  });

  it("keeps only the strings of annotations", () => {
    const manifest = read({ schemaVersion: 2, manifests: [row("a", { annotations: { a: "x", b: 1, c: null } })] });

    expect(childrenOf(manifest)[0]?.annotations).toEqual({ a: "x" });
  });

  it("names the media type by the shape when there is none", () => {
    expect(read(image).mediaType).toBe(mediaTypes.ociManifest);
  });

  it.each([
    ["HTML", "<html>502</html>", "is not JSON"],
    ["nothing", "", "is not JSON"],
    ["null", "null", "is not a manifest of schema version 2"],
    ["a list", [], "is not a manifest of schema version 2"],
    ["schema 1", { schemaVersion: 1, fsLayers: [] }, "is not a manifest of schema version 2"],
    ["an error document", { errors: [{ code: "DENIED" }] }, "is not a manifest of schema version 2"],
    ["no children", { schemaVersion: 2 }, "has neither layers nor manifests"],
    ["layers of another kind", { ...image, layers: {} }, "has neither layers nor manifests"],
    ["no configuration", { schemaVersion: 2, layers: [] }, "has no config"],
    ["a child that is null", { schemaVersion: 2, manifests: [null] }, "has no manifests[0]"],
    [
      "a child without media type",
      { schemaVersion: 2, manifests: [{ digest: digest("a"), size: 1 }] },
      "no media type",
    ],
    [
      "a media type with a line of its own",
      { ...image, layers: [row("1", { mediaType: "application/json\r\nx-injected: yes" })] },
      "has a media type in layers[0] that is not valid",
    ],
    [
      "a digest with a path",
      { ...image, layers: [row("1", { digest: "sha256:../../etc/passwd" })] },
      "no SHA-256 digest",
    ],
    [
      "another algorithm",
      { ...image, layers: [row("1", { digest: `sha512:${"a".repeat(128)}` })] },
      "no SHA-256 digest",
    ],
    ["a negative size", { ...image, layers: [row("1", { size: -1 })] }, "has no size in layers[0]"],
    ["a broken size", { ...image, layers: [row("1", { size: 1.5 })] }, "has no size in layers[0]"],
    ["a size past counting", { ...image, layers: [row("1", { size: 2 ** 60 })] }, "has no size in layers[0]"],
    ["a size in words", { ...image, layers: [row("1", { size: "7" })] }, "has no size in layers[0]"],
    ["a media type with a line break", { ...image, mediaType: "a/b\r\nX: y" }, "a media type that is not valid"],
    ["a media type that is a number", { ...image, mediaType: 7 }, "a media type that is not valid"],
    ["a subject that is none", { ...image, subject: "x" }, "has no subject"],
  ])("refuses %s", (_what, document, message) => {
    expect(() => read(document)).toThrow(message);
  });

  it("refuses more bytes than any manifest has, without reading them", () => {
    expect(() => read(" ".repeat(manifestLimit + 1))).toThrow(`more than the ${manifestLimit}`);
  });

  it("takes no prototype from the document", () => {
    const manifest = read(
      `{"schemaVersion":2,"manifests":[{"mediaType":"a/b","digest":"${digest("a")}","size":1,"annotations":{"__proto__":{"x":"y"}}}]}`,
    );

    expect(Object.keys(childrenOf(manifest)[0]?.annotations ?? {})).toEqual([]);
    expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
  });
});

describe("selectPlatforms", () => {
  const index = read({
    schemaVersion: 2,
    manifests: [
      row("a", { platform: { os: "linux", architecture: "amd64" } }),
      row("b", { platform: { os: "linux", architecture: "arm64", variant: "v8" } }),
      row("c", { platform: { os: "unknown", architecture: "unknown" } }),
      row("d"),
    ],
  }) as IndexManifest;

  it("gives the manifests in the order asked for and leaves out what is not there", () => {
    const found = selectPlatforms(index, [
      { os: "linux", architecture: "arm64" },
      { os: "linux", architecture: "s390x" },
      { os: "linux", architecture: "amd64" },
    ]);

    expect(found.map((child) => child.digest)).toEqual([digest("b"), digest("a")]);
  });
});
