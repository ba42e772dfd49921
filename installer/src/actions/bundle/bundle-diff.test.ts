import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePublicKey, makeBundle, writeSplit } from "../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import type { SoftwarePackage } from "../../bundle/sbom/packages.ts";
import { renderSpdx } from "../../bundle/sbom/render-spdx.ts";
import { formatBundleDiff } from "../../cli/ui/print-bundle-diff.ts";
import { createStyle } from "../../cli/ui/style.ts";
import { BundleError } from "../../errors/installer-error.ts";
import { digestOf } from "../../oci/digest.ts";
import { type BundleDiffResult, diffBundle } from "./bundle-diff.ts";

function sbomOf(name: string, packages: readonly SoftwarePackage[]): string {
  const image = { name, reference: `docker.io/slipway/${name}:1`, root: digestOf(name), licenses: "MIT" };
  return renderSpdx(image, [{ platform: "linux/amd64", manifest: digestOf(name), contents: { packages } }]);
}

const deb = (name: string, version: string): SoftwarePackage => ({ type: "deb", name, version });
const go = (name: string, version: string): SoftwarePackage => ({ type: "golang", name, version });

const first = makeBundle({
  version: "1.0.0",
  images: [
    {
      name: "postgres",
      layers: ["shared", "postgres:70000"],
      sbom: sbomOf("postgres", [deb("libpq5", "17.1"), deb("gone", "1"), deb("libc6", "2.41"), go("x/y", "v1.0.0")]),
    },
    { name: "redis", layers: ["shared", "redis"] },
    { name: "old", layers: ["old"], sbom: sbomOf("old", [deb("a", "1")]) },
  ],
});
const secondOptions = {
  version: "2.0.0",
  images: [
    {
      name: "postgres",
      layers: ["shared", "postgres-2:50000"],
      sbom: sbomOf("postgres", [
        deb("libpq5", "17.2"),
        deb("fresh", "3"),
        deb("libc6", "2.41"),
        go("x/y", "v1.0.0"),
        go("x/y", "v1.1.0"),
      ]),
    },
    { name: "redis", layers: ["shared", "redis"] },
    { name: "third-party", layers: ["third"] },
  ],
  artifacts: { slipway: "#!/bin/sh\nexit 2\n" },
};
const second = makeBundle(secondOptions);
const { ports } = createBundlePorts();
let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-diff-"));
  writeFileSync(at("v1.tar"), first.bytes);
  writeFileSync(at("v2.tar"), second.bytes);
  writeFileSync(at("delta.tar"), makeBundle({ ...secondOptions, base: first }).bytes);
  writeFileSync(at("maker.pub"), fixturePublicKey);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function diff(from: string, to: string, bases: readonly string[] = []): Promise<BundleDiffResult> {
  const given = { keyFiles: [at("maker.pub")], allowUnsigned: false, bases: bases.map(at) };
  return diffBundle({ ...given, from: at(from), to: at(to) }, ports);
}

test("lists what is added, removed and changed, down to packages and layers", async () => {
  const result = await diff("v1.tar", "v2.tar");

  const byName = new Map(result.images.map((image) => [image.name, image]));
  expect([...byName].map(([name, { change }]) => [name, change])).toEqual([
    ["old", "removed"],
    ["postgres", "changed"],
    ["redis", "unchanged"],
    ["third-party", "added"],
  ]);
  expect(byName.get("postgres")?.packages).toEqual([
    { type: "deb", name: "fresh", change: "added", from: [], to: ["3"] },
    { type: "deb", name: "gone", change: "removed", from: ["1"], to: [] },
    { type: "deb", name: "libpq5", change: "changed", from: ["17.1"], to: ["17.2"] },
    { type: "golang", name: "x/y", change: "changed", from: ["v1.0.0"], to: ["v1.0.0", "v1.1.0"] },
  ]);
  expect(byName.get("postgres")?.layers).toMatchObject({
    added: [{ bytes: 50_000 }],
    removed: [{ bytes: 70_000 }],
    shared: 1,
  });
  expect(byName.get("old")?.packages).toMatchObject([{ name: "a", change: "removed" }]);
  expect(byName.get("third-party")?.packages).toBeUndefined();
  expect(result.artifacts).toMatchObject([{ name: "slipway", change: "changed" }]);
});

test("counts as new exactly the blobs that the older one lacks", async () => {
  const result = await diff("v1.tar", "v2.tar");

  const fresh = [...second.blobs].filter(([digest]) => !first.blobs.has(digest));
  expect(result.bytes.added).toBe(fresh.reduce((sum, [, bytes]) => sum + bytes.length, 0));
  expect(result.bytes.added + result.bytes.shared).toBe(result.to.blobBytes);
  expect(result.bytes.removed + result.bytes.shared).toBe(result.from.blobBytes);
});

test("says that a bundle is the same as itself, whole or in parts", async () => {
  mkdirSync(at("parts"));
  writeSplit(at("parts"), first.bytes, { partSize: 40_000 });

  const result = await diff("v1.tar", "parts/bundle.tar.split.json");

  expect(result).toMatchObject({ same: true, bytes: { added: 0, removed: 0 } });
  expect(formatBundleDiff(result, createStyle(false), undefined)).toContain("the same bundle");
});

test("completes a delta by the bundle it is compared with, or by the bases given", async () => {
  const { images, artifacts, bytes } = await diff("v1.tar", "v2.tar");

  expect(await diff("v1.tar", "delta.tar")).toMatchObject({ images, artifacts, bytes, to: { root: second.root } });
  expect(await diff("delta.tar", "v2.tar", ["v1.tar"])).toMatchObject({ same: true });
  await expect(diff("delta.tar", "v2.tar")).rejects.toThrow("is a delta, and what it builds on is not there");
});

test("is read by people", async () => {
  const text = formatBundleDiff(await diff("v1.tar", "v2.tar"), createStyle(false), undefined);

  expect(text).toContain("slipway-fixture 1.0.0");
  expect(text).toMatch(/^postgres +changed +48\.8 KiB +\+1 -1 =1 +\+1 -1 ~2/m);
  expect(text).toMatch(/^third-party +added .* not known/m);
  expect(text).toMatch(/^slipway +linux\/amd64 +changed/m);
  expect(text).toContain("packages of postgres\n  + deb fresh 3\n  - deb gone 1\n  ~ deb libpq5 17.1 > 17.2\n");
});

test("refuses a list of packages that is none, an untrusted bundle and a missing file", async () => {
  const postgres = { name: "postgres", layers: ["other"] };
  writeFileSync(at("bad.tar"), makeBundle({ images: [{ ...postgres, sbom: "no json" }] }).bytes);
  writeFileSync(at("wrong.tar"), makeBundle({ images: [{ ...postgres, sbom: "{}" }] }).bytes);
  writeFileSync(at("unsigned.tar"), makeBundle({ key: "unsigned" }).bytes);

  await expect(diff("v1.tar", "bad.tar")).rejects.toThrow("files/sbom/postgres.spdx.json");
  await expect(diff("v1.tar", "wrong.tar")).rejects.toThrow("is not an SPDX 2 document");
  await expect(diff("v1.tar", "unsigned.tar")).rejects.toThrow(BundleError);
  await expect(diff("v1.tar", "none.tar")).rejects.toThrow("none.tar");
});
