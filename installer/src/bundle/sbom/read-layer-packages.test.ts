import { Readable } from "node:stream";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { elf, goBuildInfo, layerOf } from "../../../test/support/sbom-fixture.ts";
import { BundleError } from "../../errors/installer-error.ts";
import { mediaTypes } from "../../oci/descriptor.ts";
import { formatTarEnd, formatTarHeader } from "../tar/tar-header.ts";
import { mergeLayers } from "./packages.ts";
import { readLayerPackages } from "./read-layer-packages.ts";

const status = `Package: libc6
Status: install ok installed
Architecture: amd64
Source: glibc
Version: 2.41-12
Description: a
 Version: not this

Package: gone
Status: deinstall ok config-files
Version: 1

Package: libstdc++6
Status: install ok installed
Architecture: amd64
Version: 14.2.0-19
`;

function read(layer: Buffer, mediaType: string = mediaTypes.ociLayer) {
  const chunks = Array.from({ length: Math.ceil(layer.length / 1000) }, (_, at) =>
    layer.subarray(at * 1000, at * 1000 + 1000),
  );
  return readLayerPackages(Readable.from(chunks), mediaType, "the layer sha256:abc");
}

describe("readLayerPackages", () => {
  it("reads dpkg's database: what is installed, with its source", async () => {
    const layer = await read(
      layerOf({ "./var/lib/dpkg/status": status, "etc/os-release": 'ID=debian\nVERSION_ID="13"\n' }),
    );

    expect(layer).toEqual({
      files: {
        "var/lib/dpkg/status": [
          { type: "deb", name: "libc6", version: "2.41-12", architecture: "amd64", source: "glibc" },
          { type: "deb", name: "libstdc++6", version: "14.2.0-19", architecture: "amd64" },
        ],
      },
      removed: [],
      emptied: [],
      distribution: "debian-13",
    });
  });

  it("reads the single files of images without dpkg", async () => {
    const layer = await read(
      layerOf({
        "var/lib/dpkg/status.d/tzdata": "Package: tzdata\nVersion: 2026a\nArchitecture: all\n",
        "var/lib/dpkg/status.d/tzdata.md5sums": "Package: no\nVersion: 1\n",
      }),
    );

    expect(Object.keys(layer.files)).toEqual(["var/lib/dpkg/status.d/tzdata"]);
  });

  it.each([
    [mediaTypes.ociLayer, (bytes: Buffer) => bytes],
    [mediaTypes.ociLayerGzip, gzipSync],
    [mediaTypes.dockerLayerGzip, gzipSync],
    [mediaTypes.ociLayerZstd, zstdCompressSync],
  ])("reads Go programs and npm packages in %s", async (mediaType, pack) => {
    const plain = layerOf({
      "usr/bin/tool": elf(goBuildInfo("go1.26.8", ["mod\texample.org/tool\tv1.2.3\th1:x="])),
      "usr/bin/other": elf(),
      "usr/bin/script": `#!/bin/sh\n${"# no program\n".repeat(20)}`,
      "srv/node_modules/@scope/lib/package.json": '{"name":"@scope/lib","version":"2.0.0","license":"MIT"}',
      "srv/node_modules/lib/package.json": "no json",
      "srv/package.json": '{"name":"app","version":"1.0.0"}',
    });

    const layer = await read(pack(plain), mediaType);

    expect(layer.files).toEqual({
      "usr/bin/tool": [
        { type: "golang", name: "stdlib", version: "1.26.8" },
        { type: "golang", name: "example.org/tool", version: "v1.2.3" },
      ],
      "usr/bin/other": [],
      "srv/node_modules/@scope/lib/package.json": [
        { type: "npm", name: "@scope/lib", version: "2.0.0", license: "MIT" },
      ],
      "srv/node_modules/lib/package.json": [],
    });
  });

  it("refuses a layer that is cut short, no archive, damaged in its packing, or of an unknown kind", async () => {
    const plain = layerOf({ "usr/bin/other": elf(Buffer.alloc(4000, 7)) });
    const packed = gzipSync(plain);
    packed.fill(0xff, 20, 40);

    await expect(read(plain.subarray(0, 2000))).rejects.toThrow(BundleError);
    await expect(read(Buffer.alloc(1024, 7))).rejects.toThrow(BundleError);
    await expect(read(packed, mediaTypes.ociLayerGzip)).rejects.toThrow("the layer sha256:abc cannot be unpacked");
    await expect(read(plain, mediaTypes.ociLayerGzip)).rejects.toThrow("cannot be unpacked");
    await expect(read(plain, "application/x-tar+lzma")).rejects.toThrow("of a kind that cannot be read");
  });
});

it("refuses a layer of little more than names before they fill the memory", async () => {
  const folder = "a/".repeat(2000);
  const entry = (at: number): Buffer => formatTarHeader({ name: `${folder}.wh.${at}`, size: 0 });
  const layer = Readable.from(
    (function* () {
      for (let at = 0; at < 20_000; at += 1) yield entry(at);
      yield formatTarEnd();
    })(),
  );

  await expect(readLayerPackages(layer, mediaTypes.ociLayer, "the layer sha256:abc")).rejects.toThrow("bytes of names");
});

describe("mergeLayers", () => {
  it("lays layers over each other, with what the upper ones remove", async () => {
    const dpkg = (version: string): string => `Package: a\nVersion: ${version}\n`;
    const npm = (name: string): string => `{"name":"${name}","version":"1.0.0"}`;
    const layers = [
      layerOf({
        "var/lib/dpkg/status": dpkg("1"),
        "a/node_modules/x/package.json": npm("x"),
        "b/node_modules/y/package.json": npm("y"),
        "c/node_modules/z/package.json": npm("z"),
        "usr/bin/tool": elf(goBuildInfo("go1.2", [])),
      }),
      layerOf({
        "a/.wh.node_modules": "",
        "b/node_modules/.wh..wh..opq": "",
        "b/node_modules/w/package.json": npm("w"),
        "c/node_modules/z/.wh.package.json": "",
        "var/lib/dpkg/status": dpkg("2"),
        "usr/bin/tool": elf(),
      }),
    ];

    const { packages } = mergeLayers(await Promise.all(layers.map((layer) => read(layer))));

    expect(packages).toEqual([
      { type: "deb", name: "a", version: "2" },
      { type: "npm", name: "w", version: "1.0.0" },
    ]);
  });
});
