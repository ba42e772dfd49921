import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import {
  ForeignLayout,
  foreignConfig,
  foreignLayer,
  savedEntries,
  tarOfEntries,
} from "../../../test/support/foreign-layout.ts";
import { mediaTypes } from "../../oci/descriptor.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { gatherImage, type NarrowedImage } from "../gather-image.ts";
import { openFileSource } from "./file-source.ts";

const reference = "docker.io/corp/app:1.0";
const amd64 = [{ os: "linux", architecture: "amd64" }];
const image = { layers: ["a", "b"] };
const { ports } = createBundlePorts();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-archives-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

type Entries = readonly (readonly [string, Buffer])[];

/** What is found in an archive under the reference, with its layers whole. */
async function gathered(bytes: Buffer, asked = reference): Promise<NarrowedImage | undefined> {
  writeFileSync(join(folder, "a.tar"), bytes);
  const source = await openFileSource(
    { path: join(folder, "a.tar"), spoolPath: join(folder, "spool/a.tar"), signal: new AbortController().signal },
    { ...ports, bulk: ports.bulkFiles, openBundle: (path) => Promise.reject(new Error(path)) },
  );
  try {
    const found = await source.resolve(asked, amd64);
    return found === undefined ? undefined : await gatherImage(asked, source, found, amd64);
  } finally {
    await source.close();
  }
}

function layersOf(found: NarrowedImage | undefined): readonly string[] | undefined {
  return found?.platforms[0]?.layers.map(({ digest }) => digest);
}

const named = { "org.opencontainers.image.ref.name": reference };
const own = image.layers.map((name) => digestOf(foreignLayer(name)));

function layoutFiles(): Entries {
  const layout = new ForeignLayout();
  layout.enter(layout.image(image), named);
  return layout.files();
}

describe("an archive that was packed again", () => {
  it.each([
    ["with ./ before every name", (files: Entries) => tarOfEntries(files.map(([path, bytes]) => [`./${path}`, bytes]))],
    [
      "on a Mac, with its own file beside each",
      (files: Entries) =>
        tarOfEntries(
          files.flatMap(([path, bytes]) => [
            [`./${path.replace(/([^/]*)$/, "._$1")}`, Buffer.from("\0\x05\x16\x07")] as const,
            [`./${path}`, bytes] as const,
          ]),
        ),
    ],
    [
      "by gzip in two members",
      (files: Entries) => {
        const tar = tarOfEntries(files);
        return Buffer.concat([gzipSync(tar.subarray(0, 3000)), gzipSync(tar.subarray(3000))]);
      },
    ],
  ])("%s is read", async (_, pack) => {
    expect(layersOf(await gathered(pack(layoutFiles())))).toEqual(own);
  });
});

describe("an archive of docker save in the older form", () => {
  it("may have a layer of two images twice", async () => {
    const [one, two] = [savedEntries(image, ["corp/app:1.0"]), savedEntries({ layers: ["a", "c"] }, ["corp/two:1"])];
    const lists = [one, two].flatMap((entries) => JSON.parse(entries.at(-1)?.[1].toString() ?? "") as unknown[]);
    const list = Buffer.from(JSON.stringify(lists));
    const tar = tarOfEntries([...one.slice(0, -1), ...two.slice(0, -1), ["manifest.json", list]]);

    expect(layersOf(await gathered(tar))).toEqual(own);
    expect(layersOf(await gathered(tar, "docker.io/corp/two:1"))).toEqual(
      ["a", "c"].map((name) => digestOf(foreignLayer(name))),
    );
  });

  it("as crane writes it has packed layers, once each, and a configuration called by its digest", async () => {
    const layers = ["a", "b", "a"];
    const packed = new Map(layers.map((name) => [name, gzipSync(foreignLayer(name))]));
    const path = (name: string) => `${hexOf(digestOf(packed.get(name) ?? Buffer.alloc(0)))}.tar.gz`;
    const config = foreignConfig({ layers });
    const list = [{ Config: digestOf(config), RepoTags: ["corp/app:1.0"], Layers: layers.map(path) }];

    const found = await gathered(
      tarOfEntries([
        [digestOf(config), config],
        ...[...packed].map(([name, bytes]) => [path(name), bytes] as const),
        ["manifest.json", Buffer.from(JSON.stringify(list))],
      ]),
    );

    expect(layersOf(found)).toEqual(layers.map((name) => digestOf(packed.get(name) ?? Buffer.alloc(0))));
  });

  it.each([
    ["that lead out of the archive", { Config: "/etc/passwd", Layers: ["../../etc/shadow"] }],
    ["that are no texts", { Config: 1, Layers: [] }],
    ["that are missing", { Layers: null }],
  ])("is refused with paths %s", async (_, saved) => {
    const list = Buffer.from(JSON.stringify([{ RepoTags: ["corp/app:1.0"], ...saved }]));

    await expect(gathered(tarOfEntries([["manifest.json", list]]))).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });
});

it("a layout may leave media types out of its documents, and have Docker's for parts", async () => {
  const layout = new ForeignLayout();
  const config = layout.put(foreignConfig(image), mediaTypes.dockerConfig);
  const layers = [
    layout.put(foreignLayer("a"), mediaTypes.dockerLayerGzip),
    layout.put(foreignLayer("b"), mediaTypes.ociLayer),
  ];
  const root = layout.put({ schemaVersion: 2, config, layers }, mediaTypes.ociManifest);
  layout.enter(root, named);
  const index = Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: layout.entries }));
  const files = layout.files().map(([path, bytes]) => [path, path === "index.json" ? index : bytes] as const);

  expect((await gathered(tarOfEntries(files)))?.root.digest).toBe(root.digest);
});

it("an index with its attestation is carried as it is", async () => {
  const layout = new ForeignLayout();
  const platform = { os: "linux", architecture: "amd64" };
  const statement = layout.put({ _type: "https://in-toto.io/Statement/v0.1" }, "application/vnd.in-toto+json");
  const config = layout.put(foreignConfig({ layers: ["x"], platform: "unknown/unknown" }), mediaTypes.ociConfig);
  const attestation = layout.manifest({ config, layers: [statement] });
  const root = layout.index([
    { ...layout.image(image), platform },
    { ...attestation, platform: { os: "unknown", architecture: "unknown" } },
  ]);
  layout.enter(root, named);

  const found = await gathered(tarOfEntries(layout.files()));

  expect(found?.root.digest).toBe(root.digest);
  expect(found?.blobs.map(({ descriptor }) => descriptor.digest)).toContain(statement.digest);
});
