import { describe, expect, it } from "vitest";
import { mediaTypes } from "./descriptor.ts";
import { configurationLayers, hasImageConfig, layerMismatch } from "./image-config.ts";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const blob = (letter: string, mediaType: string) => ({ mediaType, digest: digest(letter), size: 1 });
const config = (diffIds: unknown): Buffer => Buffer.from(JSON.stringify({ rootfs: { diff_ids: diffIds } }));

describe("configurationLayers", () => {
  it("gives the digests of the unpacked layers", () => {
    expect(configurationLayers(config([digest("a"), digest("b")]))).toEqual([digest("a"), digest("b")]);
  });

  it.each([
    ["nothing", undefined],
    ["what is not JSON", Buffer.from("x")],
    ["a list", Buffer.from("[]")],
    ["a configuration without layers", Buffer.from("{}")],
    ["layers that are null", config(null)],
    ["a layer that is no digest", config(["x"])],
  ])("knows none in %s", (_, document) => {
    expect(configurationLayers(document)).toBeUndefined();
  });
});

describe("layerMismatch", () => {
  const layers = [blob("1", mediaTypes.ociLayer)];

  it.each([
    ["no layers", [], [digest("a"), digest("b")], "names no layers, and its configuration has 2"],
    ["fewer", layers, [digest("a"), digest("b")], "names 1 layer, and its configuration has 2"],
    ["more", [...layers, ...layers], [digest("a")], "names 2 layers, and its configuration has 1"],
  ])("tells of %s", (_, named, diffIds, message) => {
    expect(layerMismatch({ layers: named }, config(diffIds))).toContain(message);
  });

  it("is content where the numbers agree, or the configuration tells of none", () => {
    expect(layerMismatch({ layers }, config([digest("a")]))).toBeUndefined();
    expect(layerMismatch({ layers }, Buffer.from("{}"))).toBeUndefined();
    expect(layerMismatch({ layers: [] }, config([]))).toBeUndefined();
  });
});

describe("hasImageConfig", () => {
  it.each([
    [mediaTypes.ociConfig, true],
    [mediaTypes.dockerConfig, true],
    ["application/vnd.cncf.helm.config.v1+json", false],
  ])("%s: %s", (type, expected) => {
    expect(hasImageConfig({ config: blob("c", type) })).toBe(expected);
  });
});
