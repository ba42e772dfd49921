import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixtureBytes } from "../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { tarOfEntries } from "../../../test/support/foreign-layout.ts";
import { LayoutFolder } from "../../../test/support/layout-folder.ts";
import type { ImageSource } from "../../oci/content.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { gatherImage } from "../gather-image.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "../tar/tar-header.ts";
import { openFileSource } from "./file-source.ts";

const reference = "docker.io/library/redis:7";
const amd64 = [{ os: "linux", architecture: "amd64" }];
const { ports, events } = createBundlePorts();
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-file-source-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(name: string): Promise<ImageSource> {
  return openFileSource(
    { path: join(folder, name), spoolPath: join(folder, "spool/a.tar"), signal: new AbortController().signal },
    { ...ports, bulk: ports.bulkFiles, openBundle: (path) => Promise.reject(new Error(`bundle ${path}`)) },
  );
}

function tarOf(files: Readonly<Record<string, Buffer>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, bytes]) => [
    formatTarHeader({ name, size: bytes.length }),
    bytes,
    Buffer.alloc(tarPadding(bytes.length)),
  ]);
  return Buffer.concat([...blocks, formatTarEnd()]);
}

/** A layout as files by path; `annotate` changes the annotations of its one image. */
function layoutFiles(annotations?: Readonly<Record<string, string>>, below = ""): Readonly<Record<string, Buffer>> {
  const layout = new LayoutFolder(join(folder, "layout"), [{ reference, layers: ["base", "own:9000"] }]);
  const index = JSON.parse(readFileSync(join(layout.folder, "index.json"), "utf8")) as {
    manifests: { annotations: unknown }[];
  };
  const [entry] = index.manifests;
  if (annotations !== undefined && entry !== undefined) entry.annotations = annotations;
  const blobs = readdirSync(join(layout.folder, "blobs/sha256")).map((hex) => `blobs/sha256/${hex}`);
  return {
    [`${below}oci-layout`]: readFileSync(join(layout.folder, "oci-layout")),
    [`${below}index.json`]: Buffer.from(JSON.stringify(index)),
    ...Object.fromEntries(blobs.map((path) => [`${below}${path}`, readFileSync(join(layout.folder, path))])),
  };
}

/** Reads the image and every one of its blobs. */
async function readImage(source: ImageSource): Promise<number> {
  const found = await source.resolve(reference, amd64);
  if (found === undefined) throw new Error("the image is not there");
  const image = await gatherImage(reference, source, found, amd64);
  for (const { descriptor } of image.blobs) {
    const chunks: Buffer[] = [];
    for await (const chunk of await source.content.open(descriptor)) chunks.push(chunk as Buffer);
    expect(digestOf(Buffer.concat(chunks))).toBe(descriptor.digest);
  }
  await source.close();
  return image.blobs.length;
}

describe("archives of others, made by hand after their formats", () => {
  it("an OCI archive is read where it is", async () => {
    writeFileSync(join(folder, "a.tar"), tarOf(layoutFiles()));

    expect(await readImage(await open("a.tar"))).toBe(4);
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ])("an OCI archive packed by %s is unpacked for the time of the run, and that is said", async (_, pack) => {
    writeFileSync(join(folder, "a.tar.x"), pack(tarOf(layoutFiles())));

    const source = await open("a.tar.x");
    const during = readdirSync(join(folder, "spool"));
    const blobs = await readImage(source);

    expect(during).toEqual(["a.tar"]);
    expect(blobs).toBe(4);
    expect(readdirSync(join(folder, "spool"))).toEqual([]);
    expect(events.at(-1)).toMatchObject({ type: "warning" });
  });

  it.each([
    ["gzip", gzipSync],
    ["zstd", zstdCompressSync],
  ])("an archive packed by %s that was cut short is said to end too early", async (_, pack) => {
    const packed = pack(tarOf(layoutFiles()));
    writeFileSync(join(folder, "a.tar.x"), packed.subarray(0, packed.length - 30));

    await expect(open("a.tar.x")).rejects.toThrow(`${join(folder, "a.tar.x")} is damaged: it ends too early`);
    expect(readdirSync(join(folder, "spool"))).toEqual([]);
  });

  it("of a name that stands in it twice the later entry counts, as after tar --append", async () => {
    const { "index.json": index = Buffer.alloc(0), ...rest } = layoutFiles();
    const stale = Buffer.from('{"schemaVersion":2,"manifests":[]}');
    writeFileSync(
      join(folder, "a.tar"),
      tarOfEntries([["index.json", stale], ...Object.entries(rest), ["index.json", index]]),
    );

    expect(await readImage(await open("a.tar"))).toBe(4);
  });

  it("an archive packed in many frames of zstd is read to its end", async () => {
    const tar = tarOf(layoutFiles());
    const [first, second] = [tar.subarray(0, 5000), tar.subarray(5000)];
    writeFileSync(join(folder, "a.tar.zst"), Buffer.concat([zstdCompressSync(first), zstdCompressSync(second)]));

    expect(await readImage(await open("a.tar.zst"))).toBe(4);
  });

  it.each([
    ["xz", "fd377a585a00", "a.tar.xz"],
    ["bzip2", "425a6839", "a.tar.bz2"],
  ])("an archive packed by %s is refused with what unpacks it", async (program, head, name) => {
    writeFileSync(join(folder, name), Buffer.concat([Buffer.from(head, "hex"), Buffer.alloc(600)]));

    await expect(open(name)).rejects.toMatchObject({
      hint: `run ${program} --decompress --keep ${join(folder, name)}, and name ${join(folder, "a.tar")}`,
    });
  });

  it("a Hauler haul: the name is in containerd's annotation", async () => {
    const annotations = { "io.containerd.image.name": reference, kind: "dev.hauler/image" };
    writeFileSync(join(folder, "haul.tar.zst"), zstdCompressSync(tarOf(layoutFiles(annotations))));

    expect(await readImage(await open("haul.tar.zst"))).toBe(4);
  });

  it("a Zarf package: the layout is in images/", async () => {
    const annotations = { "org.opencontainers.image.base.name": reference };
    const files = { "zarf.yaml": Buffer.from("kind: ZarfPackageConfig\n"), ...layoutFiles(annotations, "images/") };
    writeFileSync(join(folder, "zarf-package-x.tar.zst"), zstdCompressSync(tarOf(files)));

    expect(await readImage(await open("zarf-package-x.tar.zst"))).toBe(4);
  });

  function zarfParts(tar: Buffer, sha256 = hexOf(digestOf(tar))): void {
    const half = tar.length >> 1;
    writeFileSync(join(folder, "z.part001"), tar.subarray(0, half));
    writeFileSync(join(folder, "z.part002"), tar.subarray(half));
    writeFileSync(join(folder, "z.part000"), JSON.stringify({ sha256Sum: sha256, bytes: tar.length, count: 2 }));
  }

  it("a Zarf package in parts, and the digest in its first part is checked", async () => {
    zarfParts(zstdCompressSync(tarOf(layoutFiles(undefined, "images/"))));

    expect(await readImage(await open("z.part000"))).toBe(4);
  });

  it.each([
    ["a wrong digest", () => zarfParts(tarOf(layoutFiles()), "0".repeat(64)), "have not the SHA-256"],
    [
      "a missing part",
      () => {
        zarfParts(tarOf(layoutFiles()));
        rmSync(join(folder, "z.part002"));
      },
      "z.part002 is missing",
    ],
    ["a header that is none", () => writeFileSync(join(folder, "z.part000"), "{}"), "no SHA-256"],
  ])("a Zarf package in parts with %s is refused and leaves nothing", async (_, prepare, message) => {
    prepare();

    await expect(open("z.part000")).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining(message) as string,
    });
    mkdirSync(join(folder, "spool"), { recursive: true });
    expect(readdirSync(join(folder, "spool"))).toEqual([]);
  });

  it("an archive of docker save in the older form, a folder a layer", async () => {
    const layers = [fixtureBytes("one", 3000), fixtureBytes("two", 4000)];
    const config = Buffer.from(
      JSON.stringify({
        os: "linux",
        architecture: "amd64",
        rootfs: { type: "layers", diff_ids: layers.map(digestOf) },
      }),
    );
    const name = `${hexOf(digestOf(config))}.json`;
    const list = [
      { Config: "nameless.json", RepoTags: ["<none>:<none>"], Layers: [] },
      { Config: name, RepoTags: ["redis:7"], Layers: ["a/layer.tar", "b/layer.tar"] },
    ];
    writeFileSync(
      join(folder, "saved.tar"),
      tarOf({
        "a/layer.tar": layers[0] ?? Buffer.alloc(0),
        "b/layer.tar": layers[1] ?? Buffer.alloc(0),
        [name]: config,
        "manifest.json": Buffer.from(JSON.stringify(list)),
      }),
    );

    expect(await readImage(await open("saved.tar"))).toBe(4);
  });
});

describe("what is refused", () => {
  it.each([
    ["a file that is not there", () => undefined, "USAGE"],
    [
      "a tar without images",
      () => writeFileSync(join(folder, "a"), tarOf({ "x.txt": Buffer.from("x") })),
      "BUNDLE_INVALID",
    ],
    ["what is not a tar", () => writeFileSync(join(folder, "a"), fixtureBytes("noise", 4000)), "BUNDLE_INVALID"],
    [
      "a tar cut short",
      () => writeFileSync(join(folder, "a"), tarOf(layoutFiles()).subarray(0, 3000)),
      "BUNDLE_INVALID",
    ],
    [
      "a gzip cut short",
      () => writeFileSync(join(folder, "a"), gzipSync(tarOf(layoutFiles())).subarray(0, 2000)),
      "BUNDLE_INVALID",
    ],
    [
      "a zstd cut short",
      () => writeFileSync(join(folder, "a"), zstdCompressSync(tarOf(layoutFiles())).subarray(0, 2000)),
      "BUNDLE_INVALID",
    ],
    [
      "an archive packed by xz",
      () => writeFileSync(join(folder, "a"), Buffer.concat([Buffer.from("fd377a585a00", "hex"), Buffer.alloc(600)])),
      "USAGE",
    ],
    [
      "an archive packed by bzip2",
      () => writeFileSync(join(folder, "a"), Buffer.concat([Buffer.from("BZh9"), Buffer.alloc(600)])),
      "USAGE",
    ],
    [
      "a manifest.json that is not a list",
      () => writeFileSync(join(folder, "a"), tarOf({ "manifest.json": Buffer.from("{}") })),
      "BUNDLE_INVALID",
    ],
  ])("%s", async (_, prepare, code) => {
    prepare();

    await expect(open("a")).rejects.toMatchObject({ code });
  });

  it("a folder, with how a layout is named", async () => {
    mkdirSync(join(folder, "l"));

    await expect(open("l")).rejects.toMatchObject({
      code: "USAGE",
      hint: expect.stringContaining(`oci:${join(folder, "l")}`) as string,
    });
  });

  it.each([
    ["packed twice", () => gzipSync(gzipSync(tarOf(layoutFiles())))],
    ["packed, with nothing in it", () => gzipSync(Buffer.alloc(0))],
  ])("what is %s, by the name that was given and not by that of the unpacked file", async (_, make) => {
    writeFileSync(join(folder, "a"), make());

    await expect(open("a")).rejects.toThrow(`the archive ${join(folder, "a")}`);
  });

  it("opens a bundle, or a part of one, as a bundle", async () => {
    writeFileSync(join(folder, "b.tar"), tarOf({ "bundle.json": Buffer.from("{}") }));

    await expect(open("b.tar")).rejects.toThrow(/bundle .*b\.tar/);
    await expect(open("b.tar.part002")).rejects.toThrow(/bundle .*b\.tar\.part002/);
  });
});
