import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { digestOf } from "../../oci/digest.ts";
import { createBundle } from "./bundle-create.ts";
import {
  folder,
  ownImages,
  referenceOf,
  layout,
  testPorts,
  requestFor,
  create,
  inFreshFolder,
} from "./testing/created-bundles.ts";

inFreshFolder();

describe("what is refused before anything is written", () => {
  it.each([
    ["no key", { signing: { unsigned: false } }, "USAGE", "no key is given"],
    ["a key and --unsigned", { signing: { unsigned: true, keyFile: "x" } }, "USAGE", "exclude each other"],
    ["a platform that is none", { platforms: ["amd64"] }, "USAGE", "is not a platform"],
    ["a platform twice", { platforms: ["linux/amd64", "linux/amd64"] }, "USAGE", "named twice"],
    ["parity without parts", { parity: 1 }, "USAGE", "not split"],
    ["a thousand parts", { partSize: 100 }, "USAGE", "999 is the most"],
  ] as const)("%s", async (_, more, code, message) => {
    layout("l");

    await expect(create("b.tar", "l", more)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message) as string,
    });
    expect(readdirSync(folder).filter((name) => name.startsWith("b.tar"))).toEqual([]);
  });

  it("images that no source has: each is named, with the way out for those of others", async () => {
    layout(
      "l",
      ownImages().filter(({ reference }) => !reference.includes("/nats:")),
    );
    const values = { profile: "infra", files: [], set: [], without: [] };

    const refused = create("b.tar", "l", { values });

    await expect(refused).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      hint: expect.stringContaining("--without casdoor") as string,
    });
    const error = await refused.catch((caught: unknown) => caught as { readonly details: readonly string[] });
    expect((error as { readonly details: readonly string[] }).details).toEqual(
      expect.arrayContaining([referenceOf("casdoor"), referenceOf("nats")]) as unknown,
    );
  });

  it("a disk that cannot hold it", async () => {
    layout("l");
    const ports = testPorts();
    const small = { ...ports, fs: { ...ports.fs, freeBytes: () => Promise.resolve(1000) } };

    await expect(createBundle(requestFor("b.tar", "l"), small)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: expect.stringContaining("1000 are free") as string,
    });
    expect(existsSync(join(folder, "b.tar.partial"))).toBe(false);
  });

  it.each([
    ["EROFS", "the file system is read-only"],
    ["EACCES", "permission denied"],
  ])("a folder in which nothing can be written, before an image is looked for: %s", async (code, reason) => {
    const ports = testPorts();
    const fault = Object.assign(new Error(code), { code, path: "x" });
    const closed = { ...ports, locks: { ...ports.locks, tryAcquire: () => Promise.reject(fault) } };

    await expect(createBundle(requestFor("b.tar", "nowhere"), closed)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `${join(folder, "b.tar")} cannot be written: ${reason}`,
      hint: expect.stringContaining("-o") as string,
    });
  });

  it("a folder that is not a layout", async () => {
    await expect(create("b.tar", "nowhere")).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });

  it("a tool with another digest than was given", async () => {
    layout("l");
    writeFileSync(join(folder, "helm"), "helm");
    const tools = [{ name: "helm", file: join(folder, "helm"), digest: digestOf("other") }];

    await expect(create("b.tar", "l", { tools })).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining("helm should have") as string,
    });
  });

  it("an executable that is none", async () => {
    layout("l");
    writeFileSync(join(folder, "slipway"), "#!/bin/sh\n");

    await expect(create("b.tar", "l", { executables: [join(folder, "slipway")] })).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining("no Linux executable") as string,
    });
  });
});

describe("a damaged source", () => {
  it.each([
    ["a flipped bit", (path: string) => flip(path), "has the digest sha256:"],
    ["a blob cut short", (path: string) => truncateSync(path, 1000), "has 1000 bytes and should have"],
  ])("%s is named with its image, and no bundle is left under its name", async (_, damage, message) => {
    const made = layout("l");
    const layer = made.layersOf(referenceOf("gateway"))[1]?.digest ?? "";
    // What the packages of its layers are is known from here on, so that nothing but the writing reads them.
    await create("first.tar", "l");
    damage(made.blobFile(layer));

    const refused = create("b.tar", "l");

    await expect(refused).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining(message) as string,
    });
    await expect(refused).rejects.toThrow(layer);
    await expect(refused).rejects.toThrow(referenceOf("gateway"));
    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });

  it("a blob that is missing is named", async () => {
    const made = layout("l");
    const layer = made.layersOf(referenceOf("gateway"))[1]?.digest ?? "";
    rmSync(made.blobFile(layer));

    await expect(create("b.tar", "l")).rejects.toThrow(`does not have ${layer}`);
  });

  it("a manifest with other bytes than its digest says", async () => {
    const made = layout("l");
    flip(made.blobFile(made.roots.get(referenceOf("gateway"))?.digest ?? ""));

    await expect(create("b.tar", "l")).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });
});

function flip(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}
