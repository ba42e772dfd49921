import { describe, expect, it } from "vitest";
import { toBundleSource, toGivenBundle } from "./bundle-options.ts";

describe("a bundle on a command line", () => {
  it("is the files in their order, what they build on after them, by absolute paths", () => {
    const given = toGivenBundle(["d.tar"], { base: ["b.tar", "/usb/a.tar"], key: ["k.pub"], parts: ["usb2"] }, "/srv");

    expect(given).toEqual({
      paths: ["/srv/d.tar", "/srv/b.tar", "/usb/a.tar"],
      partFolders: ["/srv/usb2"],
      keyFiles: ["/srv/k.pub"],
      allowUnsigned: false,
    });
  });
});

describe("where an install takes images from", () => {
  it("is a bundle, with or without a registry", () => {
    const options = { bundle: ["d.tar", "b.tar"], registry: "harbor.corp/ai-infra" };

    expect(toBundleSource(options, "/srv")).toMatchObject({
      bundle: { paths: ["/srv/d.tar", "/srv/b.tar"] },
      registry: "harbor.corp/ai-infra",
    });
    expect(toBundleSource({ bundle: ["b.tar"] }, "/srv")).not.toHaveProperty("registry");
  });

  it("is what it always was without one", () => {
    expect(toBundleSource({}, "/srv")).toEqual({});
  });

  it.for([
    ["--registry", { registry: "harbor.corp" }],
    ["--base", { base: ["b.tar"] }],
    ["--parts", { parts: ["usb"] }],
    ["--key", { key: ["k.pub"] }],
    ["--allow-unsigned", { allowUnsigned: true }],
  ] as const)("is not said by %s alone", ([flag, options]) => {
    expect(() => toBundleSource(options, "/srv")).toThrow(`${flag} was given without --bundle`);
  });
});
