import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { layerOf } from "../../../test/support/sbom-fixture.ts";
import type { ImageSource } from "../../oci/content.ts";
import { type Descriptor, mediaTypes } from "../../oci/descriptor.ts";
import { digestOf } from "../../oci/digest.ts";
import type { GatheredImage } from "../gather-images.ts";
import { type SbomPorts, makeSboms, toSbomImage } from "./make-sboms.ts";
import { renderBundleSpdx } from "./render-spdx.ts";

const base = layerOf({ "var/lib/dpkg/status": "Package: a:b\nVersion: 1:2+x\nArchitecture: amd64\n" });
const top = layerOf({ "srv/node_modules/lib/package.json": '{"name":"lib","version":"3.0.0","license":"ISC"}' });

describe("makeSboms", () => {
  it("writes an SPDX document that hangs on the image alone", async () => {
    const { image, ports } = prepare({ layers: [base, top] });

    const [first] = (await makeSboms([image], ports)).values();
    const [again] = (await makeSboms([image], { ...ports, cacheDir: "/other" })).values();

    expect(again).toBe(first);
    const document = JSON.parse(first ?? "") as Readonly<Record<string, unknown>>;
    expect(document).toMatchObject({
      spdxVersion: "SPDX-2.3",
      dataLicense: "CC0-1.0",
      name: "docker.io/slipway/tool:1",
      creationInfo: { created: "1970-01-01T00:00:00Z" },
      packages: [
        { name: "docker.io/slipway/tool:1", primaryPackagePurpose: "CONTAINER", licenseDeclared: "Apache-2.0" },
        {
          name: "a:b",
          versionInfo: "1:2+x",
          licenseDeclared: "NOASSERTION",
          externalRefs: [{ referenceLocator: "pkg:deb/debian/a%3Ab@1%3A2%2Bx?arch=amd64" }],
        },
        { name: "lib", licenseDeclared: "ISC", externalRefs: [{ referenceLocator: "pkg:npm/lib@3.0.0" }] },
      ],
    });
    const ids = (document["packages"] as readonly { readonly SPDXID: string }[]).map(({ SPDXID }) => SPDXID);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^SPDXRef-[A-Za-z0-9.-]+$/);
    expect(document["relationships"]).toHaveLength(3);
  });

  it("reads a layer once, for all images and later runs", async () => {
    const { image, ports, opened } = prepare({ layers: [base, top] });

    await makeSboms([image, { ...image, wanted: { ...image.wanted, name: "second" } }], ports);
    await makeSboms([image], ports);

    expect(opened).toHaveLength(2);
  });

  it("reads a layer again when what was kept of it is damaged", async () => {
    const { image, ports, opened, files } = prepare({ layers: [base] });
    await makeSboms([image], ports);
    const [path = ""] = files.keys();
    for (const damaged of ["no json", "{}", '{"format":1,"layer":{"files":{"a":[{}]},"removed":[],"emptied":[]}}']) {
      files.set(path, damaged);
      await makeSboms([image], ports);
    }

    expect(path).toBe(`/cache/packages/${digestOf(base).slice(7)}.json`);
    expect(opened).toHaveLength(4);
  });

  it("refuses a layer with other bytes than its digest says, and keeps nothing of it", async () => {
    const { image, ports, files } = prepare({ layers: [base], change: (bytes) => bytes.fill(0x20, 600, 601) });

    await expect(makeSboms([image], ports)).rejects.toThrow(`the layer ${digestOf(base)} from a test`);
    expect(files.size).toBe(0);
  });

  it("takes what a source hands over in its own order", async () => {
    const { image, ports, opened } = prepare({ layers: [base, top], feed: true });

    const documents = await makeSboms([image], ports);

    expect(JSON.parse(documents.get("tool") ?? "")).toMatchObject({ packages: [{}, { name: "a:b" }, { name: "lib" }] });
    expect(opened).toEqual([digestOf(top), digestOf(base)]);
  });
});

describe("renderBundleSpdx", () => {
  it("lists images and programs, and the documents of the images by digest", async () => {
    const { image, ports } = prepare({ layers: [base] });
    const documents = await makeSboms([image], ports);

    const text = renderBundleSpdx(
      {
        name: "slipway-infra",
        version: "0.1.0",
        artifacts: [{ name: "slipway", version: "0.1.0", platform: "linux/amd64", digest: digestOf("program") }],
      },
      [toSbomImage(image)],
      documents,
    );

    expect(JSON.parse(text)).toMatchObject({
      name: "slipway-infra-0.1.0",
      externalDocumentRefs: [
        {
          externalDocumentId: "DocumentRef-tool",
          checksum: { checksumValue: digestOf(documents.get("tool") ?? "").slice(7) },
        },
      ],
      packages: [{ name: "slipway-infra" }, { name: "docker.io/slipway/tool:1" }, { name: "slipway" }],
    });
  });
});

function prepare(options: {
  readonly layers: readonly Buffer[];
  readonly change?: (bytes: Buffer) => Buffer;
  readonly feed?: boolean;
}) {
  const opened: string[] = [];
  const files = new Map<string, string>();
  const layers = options.layers.map((bytes) => toDescriptor(mediaTypes.ociLayer, bytes));
  const open = ({ digest }: Descriptor): Readable => {
    const bytes = Buffer.from(options.layers.find((layer) => digestOf(layer) === digest) ?? "");
    opened.push(digest);
    return Readable.from([options.change?.(bytes) ?? bytes]);
  };
  const source: ImageSource = {
    kind: "layout",
    name: "a test",
    resolve: () => Promise.resolve(undefined),
    content: { open: (descriptor) => Promise.resolve(open(descriptor)) },
    ...(options.feed === true && {
      feed: async (wanted, take) => {
        for (const descriptor of wanted.toReversed()) await take(descriptor, open(descriptor));
      },
    }),
    close: () => Promise.resolve(),
  };
  const manifest = toDescriptor(mediaTypes.ociManifest, Buffer.from("manifest"));
  const image: GatheredImage = {
    wanted: { name: "tool", reference: "docker.io/slipway/tool:1", licenses: "Apache-2.0", reasons: [] },
    source,
    root: manifest,
    platforms: [{ platform: "linux/amd64", manifest, config: digestOf("config"), layers }],
    referrers: [],
    blobs: [],
  };
  const ports: SbomPorts = {
    fs: {
      readTextIfPresent: (path) => Promise.resolve(files.get(path)),
      writeAtomic: (path, contents) => Promise.resolve(void files.set(path, String(contents))),
      makeDirectory: () => Promise.resolve(),
    },
    cacheDir: "/cache",
    jobs: 1,
    signal: new AbortController().signal,
  };
  return { image, ports, opened, files };
}

function toDescriptor(mediaType: string, bytes: Buffer): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}
