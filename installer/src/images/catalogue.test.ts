import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isOwn, ownImage, parseCatalogue } from "./catalogue.ts";

const head = "version: 1\nrepository: slipway\ndebian: { suite: trixie, image: 'debian:trixie-slim' }\n";
const described = "title: T\n    version: '1'\n    licenses: MIT\n";

describe("parseCatalogue", () => {
  test("reads the committed catalogue", () => {
    const text = readFileSync(new URL("../../../images/catalogue.yaml", import.meta.url), "utf8");

    const catalogue = parseCatalogue(text);

    const built = Object.values(catalogue.images).filter((image) => image.kind === "built");
    expect(built.map((image) => image.name).sort()).toEqual([
      "gateway",
      "gitaly",
      "gitlab-shell",
      "minio",
      "nats",
      "postgres",
      "registry",
      "temporal",
      "temporal-ui",
      "toolbox",
      "valkey",
    ]);
    expect(ownImage(catalogue, "minio").pins["MINIO_RELEASE"]).toBe("2026-02-12T20-18-48Z");
    expect(catalogue.images["casdoor"]).toMatchObject({ kind: "third-party", digest: "unresolved" });
  });

  test("refuses an unresolved digest without a reason", () => {
    const text = `${head}images:\n  x:\n    kind: third-party\n    ${described}    reference: a/b:1\n    digest: unresolved\n`;

    expect(() => parseCatalogue(text)).toThrow("an unresolved digest needs a reason");
  });

  test("refuses an image made from something that is not an image of ours", () => {
    const text = `${head}images:\n  x:\n    kind: built\n    ${described}    from: { BASE: nothing }\n    pins: {}\n`;

    expect(() => parseCatalogue(text)).toThrow("image x is made from nothing, which is not an image of ours");
  });

  test("refuses a pin that YAML turned into a number", () => {
    const text = `${head}images:\n  x:\n    kind: built\n    ${described}    from: {}\n    pins: { V: 1.20 }\n`;

    expect(() => parseCatalogue(text)).toThrow("x.pins.V is missing");
  });

  test("tells our images from others", () => {
    const text = `${head}images:\n  x:\n    kind: third-party\n    ${described}    reference: a/b:1\n    digest: sha256:1\n`;

    expect(Object.values(parseCatalogue(text).images).some(isOwn)).toBe(false);
    expect(() => ownImage(parseCatalogue(text), "x")).toThrow("no image of ours is named x");
  });
});
