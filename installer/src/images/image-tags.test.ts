import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Catalogue, OwnImage } from "./catalogue.ts";
import { type ImageInputs, computeImageTags, imageTag, tagAll } from "./image-tags.ts";
import { generatedImagesPath, renderImageReferences } from "./image-references.ts";

const root = new URL("../../../", import.meta.url).pathname;

const inputs: ImageInputs = {
  files: [
    { path: "Dockerfile", executable: false, sha256: "a" },
    { path: "run", executable: true, sha256: "b" },
  ],
  pins: { A: "1", B: "2" },
  from: { BASE: "0123456789abcdef" },
  labels: { title: "T" },
};

function own(name: string, from: Readonly<Record<string, string>>): OwnImage {
  return { name, kind: "built", title: name, version: "1", licenses: "MIT", from, pins: {}, contexts: [], seconds: 1 };
}

function catalogueOf(images: readonly OwnImage[]): Catalogue {
  return {
    repository: "slipway",
    debian: { suite: "trixie", image: "debian:trixie-slim" },
    images: Object.fromEntries(images.map((image) => [image.name, image])),
  };
}

describe("imageTag", () => {
  test("is 16 hex digits and does not depend on the order of its inputs", () => {
    const reordered = { ...inputs, files: inputs.files.toReversed(), pins: { B: "2", A: "1" } };

    expect(imageTag("x", inputs)).toMatch(/^[0-9a-f]{16}$/);
    expect(imageTag("x", reordered)).toBe(imageTag("x", inputs));
  });

  test.each<[string, Partial<ImageInputs>]>([
    ["the contents of a file", { files: [{ path: "Dockerfile", executable: false, sha256: "c" }] }],
    ["a file's mode", { files: inputs.files.map((file) => ({ ...file, executable: true })) }],
    ["a file's name", { files: inputs.files.map((file) => ({ ...file, path: `${file.path}2` })) }],
    ["a pin", { pins: { A: "1", B: "3" } }],
    ["the image it is made from", { from: { BASE: "fedcba9876543210" } }],
    ["a label", { labels: { title: "U" } }],
  ])("changes with %s", (_, change) => {
    expect(imageTag("x", { ...inputs, ...change })).not.toBe(imageTag("x", inputs));
  });

  test("changes with the name", () => {
    expect(imageTag("y", inputs)).not.toBe(imageTag("x", inputs));
  });
});

describe("tagAll", () => {
  test("carries a change of a base into everything made from it, and no further", () => {
    const catalogue = catalogueOf([
      own("top", { BASE: "middle" }),
      own("middle", { BASE: "base" }),
      own("base", { DEBIAN: "debian" }),
      own("other", { DEBIAN: "debian" }),
    ]);

    const before = tagAll(catalogue, {});
    const after = tagAll(catalogue, { base: [{ path: "Dockerfile", executable: false, sha256: "new" }] });

    expect(after["top"]).not.toBe(before["top"]);
    expect(after["middle"]).not.toBe(before["middle"]);
    expect(after["other"]).toBe(before["other"]);
  });

  test("refuses a circle", () => {
    const catalogue = catalogueOf([own("a", { BASE: "b" }), own("b", { BASE: "a" })]);

    expect(() => tagAll(catalogue, {})).toThrow("image a is made from itself");
  });
});

describe("the committed sources", () => {
  test("give the committed references; run `npm run generate` after a change", async () => {
    const committed = readFileSync(join(root, generatedImagesPath), "utf8");

    expect(await renderImageReferences(root)).toBe(committed);
  });

  test("give every image of ours a tag of its own", async () => {
    const tags = Object.values(await computeImageTags(root));

    expect(new Set(tags).size).toBe(tags.length);
    expect(tags.every((tag) => /^[0-9a-f]{16}$/.test(tag))).toBe(true);
  });
});
