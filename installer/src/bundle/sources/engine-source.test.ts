import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { childrenOf, parseManifest } from "../../oci/manifest.ts";
import type { EngineInfo, ImageDetails } from "../../platform/ports.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "../tar/tar-header.ts";
import { gatherImage } from "../gather-image.ts";
import { requireWholeImage } from "../whole-image.ts";
import { createEngineSource } from "./engine-source.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const never = new AbortController().signal;

type Files = readonly (readonly [path: string, data: Buffer | { readonly linkTo: string }])[];

function tarOf(files: Files): Buffer {
  const parts = files.flatMap(([name, data]) => {
    if (!Buffer.isBuffer(data)) return [linkHeader(name, data.linkTo)];
    return [formatTarHeader({ name, size: data.length }), data, Buffer.alloc(tarPadding(data.length))];
  });
  return Buffer.concat([...parts, formatTarEnd()]);
}

function linkHeader(name: string, linkTo: string): Buffer {
  const block = formatTarHeader({ name, size: 0 });
  block.write("2", 156, "latin1");
  block.write(linkTo, 157, "latin1");
  block.fill(0x20, 148, 156);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, "0")}\0 `,
    148,
    "latin1",
  );
  return block;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const blob = (data: Buffer): readonly [string, Buffer] => [`blobs/sha256/${hexOf(digestOf(data))}`, data];

interface Stored {
  readonly config: Buffer;
  readonly layers: readonly Buffer[];
}

function stored(layers: readonly Buffer[], command: string): Stored {
  const config = { ...amd64, config: { Cmd: [command] }, rootfs: { type: "layers", diff_ids: layers.map(digestOf) } };
  return { config: json(config), layers };
}

const base = Buffer.alloc(3000, "b");
const images: Readonly<Record<string, Stored>> = {
  "slipway/one:1": stored([base, Buffer.alloc(2_000_000, "1")], "one"),
  "slipway/two:1": stored([base, Buffer.alloc(500, "2")], "two"),
};

type Write = (wanted: readonly Stored[]) => Files;

/** Docker 25 and later. */
const asLayout: Write = (wanted) => {
  const blobs = new Map(wanted.flatMap(({ config, layers }) => [config, ...layers].map(blob)));
  const sorted = [...blobs].toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    ...sorted,
    ["index.json", json({ schemaVersion: 2, manifests: [] })],
    [
      "manifest.json",
      json(
        wanted.map(({ config, layers }) => ({
          Config: blob(config)[0],
          Layers: layers.map((layer) => blob(layer)[0]),
        })),
      ),
    ],
    ["oci-layout", json({ imageLayoutVersion: "1.0.0" })],
  ];
};

/** Docker 24: a folder a layer, and a link where another image has it already. */
const asFolders: Write = (wanted) => {
  const files: [string, Buffer | { readonly linkTo: string }][] = [];
  const first = new Map<string, string>();
  const list = wanted.map(({ config, layers }, at) => ({
    Config: `${hexOf(digestOf(config))}.json`,
    Layers: layers.map((layer, index) => {
      const folder = `${at}${index}`.padEnd(64, "a");
      const known = first.get(digestOf(layer));
      files.push([`${folder}/layer.tar`, known === undefined ? layer : { linkTo: `../${known}` }]);
      if (known === undefined) first.set(digestOf(layer), `${folder}/layer.tar`);
      files.push([`${folder}/json`, json({ id: folder })]);
      return `${folder}/layer.tar`;
    }),
  }));
  for (const { config } of wanted) files.push([`${hexOf(digestOf(config))}.json`, config]);
  return [...files, ["manifest.json", json(list)]];
};

function detailsOf(image: Stored): ImageDetails {
  const id = digestOf(image.config);
  return { id, layers: image.layers.map(digestOf), ...amd64, size: 0, tags: [], digests: [] };
}

/** An engine with the images above. */
function fakeEngine(write: Write, version = "26.1.5") {
  const exported: (readonly string[])[] = [];
  return {
    exported,
    docker: {
      info: () => Promise.resolve({ version } as EngineInfo),
      imageDetails: (reference: string) => {
        const image = images[reference];
        return Promise.resolve(image === undefined ? undefined : detailsOf(image));
      },
      exportImages: (references: readonly string[]) => {
        exported.push(references);
        const bytes = tarOf(write(references.flatMap((reference) => images[reference] ?? [])));
        return Promise.resolve(Readable.from(inPieces(bytes)));
      },
    },
  };
}

function* inPieces(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 10_000) yield bytes.subarray(at, at + 10_000);
}

function openSource(engine: Pick<ReturnType<typeof fakeEngine>, "docker">, fs = createMemoryFileSystem()) {
  const references = Object.keys(images);
  return createEngineSource({ references, cacheDir: "/cache", signal: never }, { docker: engine.docker, fs });
}

type Source = ReturnType<typeof createEngineSource>;

async function blobsOf(source: Source, references: readonly string[]): Promise<readonly Descriptor[]> {
  const blobs = new Map<string, Descriptor>();
  for (const reference of references) {
    const found = await source.resolve(reference, [amd64]);
    if (found === undefined) throw new Error(`${reference} is not there`);
    const bytes = await buffer(await source.content.open(found.root));
    const manifest = parseManifest(bytes, (problem) => new Error(problem));
    for (const descriptor of [found.root, ...childrenOf(manifest)]) blobs.set(descriptor.digest, descriptor);
  }
  return [...blobs.values()];
}

async function feedAll(source: Source, wanted: readonly Descriptor[]): Promise<readonly string[]> {
  const taken: string[] = [];
  await source.feed?.(
    wanted,
    async (descriptor, bytes) => {
      const data = await buffer(bytes);
      expect(digestOf(data)).toBe(descriptor.digest);
      expect(data.length).toBe(descriptor.size);
      taken.push(descriptor.digest);
    },
    never,
  );
  return taken;
}

describe.each([
  ["the layout of Docker 25 and later", asLayout, "26.1.5"],
  ["the folders of Docker 24", asFolders, "24.0.9"],
] as const)("createEngineSource over %s", (_title, write, version) => {
  it("measures all images in one export and hands over each blob once in another", async () => {
    const engine = fakeEngine(write, version);
    const source = openSource(engine);

    const blobs = await blobsOf(source, Object.keys(images));
    const taken = await feedAll(source, blobs);

    expect(taken.toSorted()).toEqual(blobs.map((blobOf) => blobOf.digest).toSorted());
    expect(taken.filter((digest) => digest === digestOf(base))).toHaveLength(1);
    expect(engine.exported).toEqual([Object.keys(images), Object.keys(images)]);
  });

  it("makes the same manifest of the same image, with the configuration as it is", async () => {
    const resolved = () => openSource(fakeEngine(write, version)).resolve("slipway/one:1", []);
    const roots = [(await resolved())?.root, (await resolved())?.root];

    expect(roots[0]).toEqual(roots[1]);
    expect(roots[0]?.platform).toEqual(amd64);
  });

  it("opens a single layer, and a part of it", async () => {
    const source = openSource(fakeEngine(write, version));
    const layer = images["slipway/one:1"]?.layers[1] ?? Buffer.alloc(0);
    const descriptor = (await blobsOf(source, ["slipway/one:1"])).find(({ digest }) => digest === digestOf(layer));

    const whole = await buffer(await source.content.open(descriptor!));
    const part = await buffer(await source.content.open(descriptor!, { start: 9_990, end: 20_010 }));

    expect(whole.equals(layer)).toBe(true);
    expect(part.equals(layer.subarray(9_990, 20_010))).toBe(true);
  });
});

describe("createEngineSource", () => {
  it("needs no measuring when the sizes are known from an earlier run", async () => {
    const fs = createMemoryFileSystem();
    const first = await openSource(fakeEngine(asLayout), fs).resolve("slipway/one:1", [amd64]);
    const engine = fakeEngine(asLayout);

    const again = await openSource(engine, fs).resolve("slipway/one:1", [amd64]);

    expect(again).toEqual(first);
    expect(engine.exported).toEqual([]);
  });

  it("measures again when the list of sizes is damaged", async () => {
    const fs = createMemoryFileSystem({
      "/cache/layer-sizes.json": `{"sizes": {"x": 1}, "documents": {"sha256:0": "AA=="`,
    });
    const engine = fakeEngine(asLayout);

    await expect(openSource(engine, fs).resolve("slipway/one:1", [amd64])).resolves.toBeDefined();
    expect(engine.exported).toHaveLength(1);
  });

  it("does not know an image that the engine has not", async () => {
    await expect(openSource(fakeEngine(asLayout)).resolve("slipway/none:1", [amd64])).resolves.toBeUndefined();
  });

  it("names image and platforms when the engine has it for another one", async () => {
    const source = openSource(fakeEngine(asLayout));

    await expect(source.resolve("slipway/one:1", [{ os: "linux", architecture: "arm64" }])).rejects.toThrow(
      "the docker engine has slipway/one:1 for linux/amd64, not for linux/arm64",
    );
  });

  it("names the layer whose size is not what an earlier run saw", async () => {
    const fs = createMemoryFileSystem();
    await openSource(fakeEngine(asLayout), fs).resolve("slipway/one:1", [amd64]);
    const path = "/cache/layer-sizes.json";
    await fs.writeAtomic(path, (await fs.readText(path)).replace('":2000000', '":2000001'));
    const source = openSource(fakeEngine(asLayout), fs);
    const blobs = await blobsOf(source, ["slipway/one:1"]);

    await expect(feedAll(source, blobs)).rejects.toThrow(/exports sha256:[0-9a-f]{64} with 2000000 bytes instead of/);
  });

  it("names the image when the export does not have what the engine said", async () => {
    const source = openSource(fakeEngine((wanted) => asLayout(wanted.slice(1))));

    await expect(source.resolve("slipway/one:1", [amd64])).rejects.toThrow(/did not export the image slipway\/one:1/);
  });

  it("names the layer that is gone when it is to be fed", async () => {
    const engine = fakeEngine(asLayout);
    const source = openSource(engine);
    const blobs = await blobsOf(source, ["slipway/one:1"]);
    engine.docker.exportImages = () => Promise.resolve(Readable.from([tarOf([])]));

    await expect(feedAll(source, blobs)).rejects.toThrow(/did not export the layer sha256:/);
  });

  it("says so when the export ends early", async () => {
    const engine = fakeEngine(asLayout);
    const source = openSource(engine);
    const blobs = await blobsOf(source, ["slipway/one:1"]);
    const whole = tarOf(asLayout(Object.values(images)));
    engine.docker.exportImages = () => Promise.resolve(Readable.from(inPieces(whole.subarray(0, 20_000))));

    await expect(feedAll(source, blobs)).rejects.toThrow("the export of the docker engine is cut short");
  });

  it("refuses what is in no image: hard links and devices", async () => {
    const engine = fakeEngine(asLayout);
    const header = linkHeader("blobs/sha256/x", "/etc/passwd");
    header.write("1", 156, "latin1");
    header.fill(0x20, 148, 156);
    header.write(
      `${header
        .reduce((sum, byte) => sum + byte, 0)
        .toString(8)
        .padStart(6, "0")}\0 `,
      148,
      "latin1",
    );
    engine.docker.exportImages = () => Promise.resolve(Readable.from([Buffer.concat([header, formatTarEnd()])]));

    await expect(openSource(engine).resolve("slipway/one:1", [amd64])).rejects.toThrow(/entry of the kind link/);
  });
});

describe("createEngineSource over the containerd store", () => {
  const layer = Buffer.from("compressed layer");
  const config = stored([Buffer.from("unpacked layer")], "three").config;
  const descriptorOf = (mediaType: string, data: Buffer): Descriptor => ({
    mediaType,
    digest: digestOf(data),
    size: data.length,
  });
  const manifest = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: descriptorOf("application/vnd.oci.image.config.v1+json", config),
    layers: [descriptorOf("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
  });
  const absent = json({ an: "arm64 manifest that was not pulled" });
  const index = json({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [
      { ...descriptorOf("application/vnd.oci.image.manifest.v1+json", manifest), platform: amd64 },
      {
        ...descriptorOf("application/vnd.oci.image.manifest.v1+json", absent),
        platform: { os: "linux", architecture: "arm64" },
      },
    ],
  });
  const engine = {
    docker: {
      info: () => Promise.resolve({ version: "29.0.0" } as EngineInfo),
      imageDetails: () =>
        Promise.resolve({ id: digestOf(index), layers: [], ...amd64, size: 0, tags: [], digests: [] }),
      exportImages: () =>
        Promise.resolve(Readable.from([tarOf([blob(layer), blob(config), blob(manifest), blob(index)])])),
    },
  };

  it("hands out the index and the compressed layer as they were pulled", async () => {
    const source = openSource(engine);

    const found = await source.resolve("slipway/three:1", [amd64]);
    const wanted = [
      descriptorOf("application/vnd.oci.image.manifest.v1+json", manifest),
      descriptorOf("application/vnd.oci.image.layer.v1.tar+gzip", layer),
    ];

    expect(found?.root).toEqual(descriptorOf("application/vnd.oci.image.index.v1+json", index));
    expect(await feedAll(source, wanted)).toEqual([digestOf(manifest), digestOf(layer)]);
  });

  it("hands out the manifest of the only platform when a pull left an attestation of the index behind", async () => {
    const attested = json({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [
        { ...descriptorOf("application/vnd.oci.image.manifest.v1+json", manifest), platform: amd64 },
        {
          ...descriptorOf("application/vnd.oci.image.manifest.v1+json", absent),
          platform: { os: "unknown", architecture: "unknown" },
        },
      ],
    });
    const docker = {
      ...engine.docker,
      imageDetails: () =>
        Promise.resolve({ id: digestOf(attested), layers: [], ...amd64, size: 0, tags: [], digests: [] }),
      exportImages: () =>
        Promise.resolve(Readable.from([tarOf([blob(layer), blob(config), blob(manifest), blob(attested)])])),
    };

    const found = await openSource({ docker }).resolve("slipway/three:1", [amd64]);

    expect(found?.root.digest).toBe(digestOf(manifest));
  });

  it("knows by its configuration what a manifest is for of which the index says nothing", async () => {
    const untold = json({
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.index.v1+json",
      manifests: [descriptorOf("application/vnd.oci.image.manifest.v1+json", manifest)],
    });
    const docker = {
      ...engine.docker,
      imageDetails: () =>
        Promise.resolve({ id: digestOf(untold), layers: [], ...amd64, size: 0, tags: [], digests: [] }),
      exportImages: () =>
        Promise.resolve(Readable.from([tarOf([blob(layer), blob(config), blob(manifest), blob(untold)])])),
    };

    const found = await openSource({ docker }).resolve("slipway/three:1", [amd64]);

    expect(found?.root.digest).toBe(digestOf(untold));
  });

  it("names the platform that was not pulled, before anything is written, and the one that was", async () => {
    const source = openSource(engine);
    const both = [amd64, { os: "linux", architecture: "arm64" }];
    const found = await source.resolve("slipway/three:1", both);
    if (found === undefined) throw new Error("it is not there");

    const refused = {
      message: expect.stringContaining(
        `${digestOf(absent)}, the manifest of the image three for linux/arm64`,
      ) as string,
      hint: expect.stringContaining("--platform linux/amd64 takes what is there") as string,
    };
    await expect(gatherImage("three", source, found, both)).rejects.toMatchObject(refused);
    await expect(requireWholeImage("three", source, found)).rejects.toMatchObject(refused);
    expect((await gatherImage("three", source, found, [amd64])).root.digest).toBe(digestOf(manifest));
  });

  it("says which platform is not there", async () => {
    await expect(
      openSource(engine).resolve("slipway/three:1", [{ os: "linux", architecture: "arm64" }]),
    ).rejects.toThrow("for linux/amd64, not for linux/arm64");
  });
});
