import { describe, expect, test } from "vitest";
import { planImageBuilds } from "./build-plan.ts";
import type { Catalogue, CatalogueImage } from "./catalogue.ts";

function own(
  name: string,
  from: Readonly<Record<string, string>>,
  kind: "built" | "internal" = "built",
): CatalogueImage {
  return { name, kind, title: name, version: "1", licenses: "MIT", from, pins: {}, contexts: [], seconds: 10 };
}

const images: readonly CatalogueImage[] = [
  own("app", { BASE: "base", GO: "go" }),
  own("plain", { BASE: "base" }),
  own("base", { DEBIAN: "debian", GO: "go" }, "internal"),
  own("go", { DEBIAN: "debian" }, "internal"),
  {
    name: "login",
    kind: "third-party",
    title: "L",
    version: "1",
    licenses: "MIT",
    reference: "vendor/login:1",
    digest: "unresolved",
    reason: "r",
  },
];
const catalogue: Catalogue = {
  repository: "slipway",
  debian: { suite: "trixie", image: "debian:trixie-slim" },
  images: Object.fromEntries(images.map((image) => [image.name, image])),
};
const tags = { app: "t1", plain: "t2", base: "t3", go: "t4" };

function plan(names: readonly string[], has: readonly string[]) {
  return planImageBuilds({ catalogue, tags, names, has: new Set(has) });
}

describe("planImageBuilds", () => {
  test("builds what an image is made from before the image", () => {
    const { builds, needsDebian } = plan([], []);

    const order = builds.map((build) => build.name);
    expect(order.indexOf("go")).toBeLessThan(order.indexOf("base"));
    expect(order.indexOf("base")).toBeLessThan(order.indexOf("app"));
    expect(builds.find((build) => build.name === "app")?.needs).toEqual(["base", "go"]);
    expect(needsDebian).toBe(true);
  });

  test("builds nothing when the engine has every image that ships, even without the internal ones", () => {
    const { builds, present, needsDebian } = plan([], ["slipway/app:t1", "slipway/plain:t2"]);

    expect(builds).toEqual([]);
    expect(present).toEqual(["app", "plain"]);
    expect(needsDebian).toBe(false);
  });

  test("builds only what the missing image needs", () => {
    const { builds, present } = plan([], ["slipway/app:t1", "slipway/base:t3"]);

    expect(builds.map((build) => build.name)).toEqual(["plain"]);
    expect(builds[0]?.needs).toEqual([]);
    expect(present).toEqual(["app"]);
  });

  test("takes an image under another tag for missing", () => {
    expect(plan(["plain"], ["slipway/plain:old", "slipway/base:t3"]).builds.map((build) => build.reference)).toEqual([
      "slipway/plain:t2",
    ]);
  });

  test("names the images there are when one is unknown, and says why another cannot be built", () => {
    expect(() => plan(["nope"], [])).toThrow("no image is named nope");
    expect(() => plan(["login"], [])).toThrow("login is a third-party image and is pulled, not built");
  });
});
