import { describe, expect, it } from "vitest";
import type { Install } from "../../execute/state/install.ts";
import { type BundleImages, componentsToLeaveOut, expectBundledImages } from "./provide-from-bundle.ts";

const reader = (without: readonly string[]) =>
  ({ name: "bundle b.tar", complete: { without } }) as unknown as Parameters<typeof componentsToLeaveOut>[1];
const lacks = (reference: string, ...components: readonly string[]) => ({ reference, components, reason: "not there" });

describe("components whose images a bundle does not have", () => {
  it("are left out when it was made without them", () => {
    const found = [lacks("docker.io/casbin/casdoor:3", "casdoor")];

    expect(componentsToLeaveOut(found, reader(["casdoor"]))).toEqual(["casdoor"]);
  });

  it("are none when nothing lacks", () => {
    expect(componentsToLeaveOut([], reader(["casdoor"]))).toEqual([]);
  });

  it("are an error when it should have them: a platform is never made smaller by a bundle of another kind", () => {
    const found = [lacks("docker.io/slipway/postgres:1", "postgres"), lacks("docker.io/casbin/casdoor:3", "casdoor")];

    expect(() => componentsToLeaveOut(found, reader(["casdoor"]))).toThrow(
      expect.objectContaining({
        code: "BUNDLE_INVALID",
        details: ["docker.io/slipway/postgres:1 (postgres)"],
        hint: "take a bundle that was made with them, or load them into the engine",
      }),
    );
  });

  it("can be left out where the platform works without them", () => {
    const found = [lacks("docker.io/slipway/gitlab-shell:1", "gitlab-shell")];

    expect(() => componentsToLeaveOut(found, reader([]))).toThrow(
      expect.objectContaining({
        hint: "take a bundle that was made with them, load them into the engine, or leave the component out: --without gitlab-shell",
      }),
    );
  });
});

describe("what references will stand for once a bundle is loaded", () => {
  const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
  const bundled = {
    reference: "docker.io/slipway/gateway:1",
    root: { mediaType: "", digest: digest("a"), size: 1 },
    platforms: [
      {
        platform: "linux/amd64",
        manifest: { mediaType: "", digest: digest("b"), size: 1 },
        config: digest("c"),
      },
    ],
  };
  const source = {
    reader: { name: "bundle b.tar", complete: { images: [bundled] } },
    platform: { os: "linux", architecture: "amd64" },
  } as unknown as BundleImages;
  type Ports = Parameters<typeof expectBundledImages>[0];
  const engineWith = (id: string): Ports =>
    ({
      target: {
        observe: () =>
          Promise.resolve({
            imageIds: new Map([
              ["slipway/gateway:1", id],
              ["other:2", "sha256:other"],
            ]),
          }),
      },
    }) as unknown as Ports;
  const seen = async (ports: Ports) => {
    const { target } = expectBundledImages(ports, source);
    return (await target.observe({} as Install, { components: [], images: references })).imageIds;
  };
  const references = ["slipway/gateway:1", "other:2"];

  it("is the bundle's image where the engine has another one under the same name", async () => {
    const ids = await seen(engineWith("sha256:old"));

    expect([...ids]).toEqual([
      ["slipway/gateway:1", digest("c")],
      ["other:2", "sha256:other"],
    ]);
  });

  it("is what the engine says where it has the bundle's image, with either kind of store", async () => {
    for (const id of [digest("b"), digest("c")]) {
      const ids = await seen(engineWith(id));

      expect(ids.get("slipway/gateway:1")).toBe(id);
    }
  });
});
