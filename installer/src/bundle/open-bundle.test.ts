import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import {
  type FixtureBundle,
  fixtureKey,
  fixturePublicKey,
  makeBundle,
  writeSplit,
} from "../../test/support/bundle-fixture.ts";
import { createSeededRandom } from "../../test/support/memory-ports.ts";
import { createBulkFiles } from "../platform/bulk-files.ts";
import { createHashing } from "../platform/hashing.ts";
import { formatBundleManifest } from "./build-bundle-manifest.ts";
import { bundlePaths } from "./bundle-manifest.ts";
import type { OpenBundleRequest } from "./bundle-reader.ts";
import { formatPublicKeyOf, generateKeyPair, signMessage } from "./minisign-secret.ts";
import { type OpenedBundle, openBundle } from "./open-bundle.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "./tar/tar-header.ts";

const ports = { bulkFiles: createBulkFiles(), hashing: createHashing(2), signal: new AbortController().signal };
const full = makeBundle();
let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-open-"));
  writeFileSync(at("full.tar"), full.bytes);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function open(paths: string | readonly string[], more: Partial<OpenBundleRequest> = {}): Promise<OpenedBundle> {
  const list = typeof paths === "string" ? [paths] : paths;
  return openBundle(
    { paths: list.map(at), partFolders: [], trustedKeys: [fixturePublicKey], allowUnsigned: false, ...more },
    ports,
  );
}

async function opened<T>(
  paths: string | readonly string[],
  use: (bundle: OpenedBundle) => Promise<T> | T,
  more: Partial<OpenBundleRequest> = {},
): Promise<T> {
  const bundle = await open(paths, more);
  try {
    return await use(bundle);
  } finally {
    await bundle.close();
  }
}

/** The fixture with one bit turned at an offset. */
function withBit(bytes: Buffer, offset: number): Buffer {
  const changed = Buffer.from(bytes);
  changed.writeUInt8(changed.readUInt8(offset) ^ 0x10, offset);
  return changed;
}

function offsetOf(bundle: FixtureBundle, path: string): number {
  const entry = bundle.composed.layout.entries.find((found) => found.path === path);
  if (entry === undefined) throw new Error(`no ${path}`);
  return entry.offset;
}

interface RawEntry {
  readonly path: string;
  readonly bytes: Buffer;
  readonly header?: Buffer;
}

function rawEntries(bundle: FixtureBundle): readonly RawEntry[] {
  return bundle.composed.layout.entries.map(({ path, offset, size, header }) => ({
    path,
    bytes: bundle.bytes.subarray(offset, offset + size),
    header,
  }));
}

function tarOf(entries: readonly RawEntry[]): Buffer {
  return Buffer.concat([
    ...entries.flatMap(({ path, bytes, header }) => [
      header ?? formatTarHeader({ name: path, size: bytes.length }),
      bytes,
      Buffer.alloc(tarPadding(bytes.length)),
    ]),
    formatTarEnd(),
  ]);
}

/** Puts another root document in, signed or not. */
function withManifest(change: (manifest: Record<string, unknown>) => void, sign = true): Buffer {
  const manifest = JSON.parse(formatBundleManifest(full.manifest)) as Record<string, unknown>;
  change(manifest);
  const bytes = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
  return tarOf(
    rawEntries(full).map((entry) => {
      if (entry.path === bundlePaths.manifest) return { path: entry.path, bytes };
      if (entry.path === bundlePaths.signature && sign) {
        return { path: entry.path, bytes: Buffer.from(signMessage(bytes, fixtureKey, "changed")) };
      }
      return entry;
    }),
  );
}

test("opens a signed bundle and says by whom it is signed", () =>
  opened("full.tar", (bundle) => {
    expect(bundle.trust).toEqual({ state: "signed", keyId: fixtureKey.keyId, comment: "slipway-fixture 1.0.0" });
    expect(bundle.manifest).toEqual(full.manifest);
    expect(bundle.root).toBe(full.root);
    expect(bundle.complete).toBe(bundle.manifest);
  }));

test("gives every image and blob", () =>
  opened("full.tar", async (bundle) => {
    const image = await bundle.resolve("slipway/postgres:1", [{ os: "linux", architecture: "amd64" }]);

    expect(image?.root).toEqual(full.manifest.images[0]?.root);
    expect(await bundle.resolve("slipway/absent:1", [])).toBeUndefined();
    for (const [digest, bytes] of full.blobs) {
      const read = await buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length }));
      expect(read.equals(bytes)).toBe(true);
    }
  }));

test("gives a range of a blob, a file and an artifact", () =>
  opened("full.tar", async (bundle) => {
    const [digest, bytes] = [...full.blobs].find(([, contents]) => contents.length === 70000)!;
    const descriptor = { mediaType: "x/y", digest, size: bytes.length };

    const range = await buffer(await bundle.content.open(descriptor, { start: 100, end: 69000 }));

    expect(range.equals(bytes.subarray(100, 69000))).toBe(true);
    expect((await bundle.readFile("files/README.txt")).toString()).toBe("fixture 1.0.0\n");
    expect((await buffer(await bundle.openArtifact(full.manifest.artifacts[0]!))).toString()).toContain("exit 0");
    await expect(bundle.readFile("files/absent")).rejects.toThrow("files/absent is not in");
  }));

test.each([bundlePaths.manifest, bundlePaths.checksums])(
  "gives %s as it was checked, or not at all when the file was changed since",
  async (path) =>
    opened("full.tar", async (bundle) => {
      const before = await bundle.readFile(path);
      writeFileSync(at("full.tar"), withBit(full.bytes, offsetOf(full, path) + 8));

      expect(before.equals(full.bytes.subarray(offsetOf(full, path), offsetOf(full, path) + before.length))).toBe(true);
      await expect(bundle.readFile(path)).rejects.toThrow(`${path} of ${at("full.tar")} is damaged`);
    }),
);

test("refuses an image for a platform that is not carried", () =>
  opened("full.tar", async (bundle) => {
    await expect(bundle.resolve("slipway/redis:1", [{ os: "linux", architecture: "arm64" }])).rejects.toThrow(
      "the bundle has docker.io/slipway/redis:1 for linux/amd64 and not for linux/arm64",
    );
  }));

test("finds an image by its digest too", () =>
  opened("full.tar", async (bundle) => {
    const { root } = full.manifest.images[1]!;

    expect((await bundle.resolve(`slipway/redis:1@${root.digest}`, []))?.root).toEqual(root);
    expect(await bundle.resolve(`slipway/postgres@${root.digest}`, [])).toBeUndefined();
  }));

test("gives each platform of an image of several", async () => {
  const several = makeBundle({ images: [{ name: "nats", layers: ["a"], platforms: ["linux/amd64", "linux/arm64"] }] });
  writeFileSync(at("several.tar"), several.bytes);

  await opened("several.tar", async (bundle) => {
    const image = await bundle.resolve("slipway/nats:1", [{ os: "linux", architecture: "arm64" }]);
    expect(image?.root).toEqual(several.manifest.images[0]?.root);
  });
});

describe("a bundle nobody trusted vouches for is refused", () => {
  test("one that is not signed, unless that was said not to matter", async () => {
    writeFileSync(at("unsigned.tar"), makeBundle({ key: "unsigned" }).bytes);

    await expect(open("unsigned.tar")).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining("unsigned.tar is not signed") as string,
    });
    await opened("unsigned.tar", (bundle) => expect(bundle.trust).toEqual({ state: "unsigned" }), {
      allowUnsigned: true,
    });
  });

  test("one signed by another key", async () => {
    const other = formatPublicKeyOf(generateKeyPair(createSeededRandom("other")));

    await expect(open("full.tar", { trustedKeys: [other] })).rejects.toThrow("which is not trusted");
    await expect(open("full.tar", { trustedKeys: [] })).rejects.toThrow("no key is trusted yet");
    await opened("full.tar", (bundle) => expect(bundle.trust).toEqual({ state: "unsigned" }), {
      trustedKeys: [other],
      allowUnsigned: true,
    });
  });

  test("one whose root document was changed, even when unsigned ones are allowed", async () => {
    writeFileSync(
      at("edited.tar"),
      withManifest((manifest) => (manifest["version"] = "9.9.9"), false),
    );

    await expect(open("edited.tar")).rejects.toThrow("is not what the key");
    await expect(open("edited.tar", { allowUnsigned: true })).rejects.toThrow("is not what the key");
  });
});

describe("one flipped bit is found", () => {
  const places: readonly (readonly [string, string, string | RegExp])[] = [
    ["the root document", bundlePaths.manifest, "is not what the key"],
    ["the checksums", bundlePaths.checksums, "checksums.txt of"],
    ["the index", bundlePaths.index, "index.json"],
    ["a file", "files/README.txt", "files/README.txt"],
  ];
  test.each(places)("in %s", async (_, path, message) => {
    writeFileSync(at("bad.tar"), withBit(full.bytes, offsetOf(full, path) + 5));

    const read = open("bad.tar").then((bundle) => bundle.readFile(path).finally(() => bundle.close()));

    await expect(read).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringMatching(message) as string,
    });
  });

  test("anywhere in the signature", async () => {
    const { length } = full.composed.files.get(bundlePaths.signature)!;
    const begin = full.composed.files.get(bundlePaths.signature)!.indexOf(10) + 1;
    for (let offset = begin; offset < length - 1; offset += 7) {
      writeFileSync(at("bad.tar"), withBit(full.bytes, offsetOf(full, bundlePaths.signature) + offset));
      await expect(open("bad.tar")).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
    }
  });

  test("in a blob, naming blob, image and file", async () => {
    const [digest, bytes] = [...full.blobs].find(([, contents]) => contents.length === 70000)!;
    writeFileSync(at("bad.tar"), withBit(full.bytes, offsetOf(full, `blobs/sha256/${digest.slice(7)}`) + 69999));

    const read = opened("bad.tar", async (bundle) =>
      buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length })),
    );

    await expect(read).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringMatching(
        new RegExp(`${digest} of the image postgres has the digest sha256:.*bad.tar is damaged`),
      ) as string,
    });
  });

  test("in every header, padding and end mark", async () => {
    const { entries } = full.composed.layout;
    const contents = entries.map(({ offset, size }) => [offset, offset + size] as const);
    const outside = Array.from({ length: full.bytes.length }, (_, index) => index).filter(
      (index) => index % 97 === 0 && !contents.some(([begin, end]) => index >= begin && index < end),
    );
    for (const offset of outside) {
      writeFileSync(at("bad.tar"), withBit(full.bytes, offset));
      await expect(open("bad.tar"), `at ${offset}`).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
    }
    expect(outside.length).toBeGreaterThan(50);
  });
});

test("a bundle that ends too early is refused wherever it ends", async () => {
  for (let size = full.bytes.length - 1; size > 0; size = Math.floor(size * 0.9) - 1) {
    copyFileSync(at("full.tar"), at("short.tar"));
    truncateSync(at("short.tar"), size);
    await expect(open("short.tar"), `at ${size}`).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  }
});

describe("a tar that is no bundle is refused", () => {
  const first = rawEntries(full);
  const raw = (fields: { name: string; type: string; linkName?: string; size?: number }): Buffer => {
    const block = formatTarHeader({ name: "x", size: fields.size ?? 0 });
    block.fill(0, 0, 100);
    block.write(fields.name, 0);
    block.write(fields.type, 156, "latin1");
    block.write(fields.linkName ?? "", 157);
    block.fill(" ", 148, 156);
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return block;
  };
  test.each([
    ["a path out of it", "../etc/passwd", "0", "not a plain relative path"],
    ["a path out of it in the middle", "files/../../etc/passwd", "0", "not a plain relative path"],
    ["an absolute path", "/etc/passwd", "0", "not a plain relative path"],
    ["a path with a dot", "./files/a", "0", "not a plain relative path"],
    ["a path with a backslash", "files\\a", "0", "not a plain relative path"],
    ["a path with a line end", "files/a\nb", "0", "not a plain relative path"],
    ["a hard link", "files/a", "1", "is a link"],
    ["a symbolic link", "files/a", "2", "is a symlink"],
    ["a character device", "files/a", "3", "is a device"],
    ["a block device", "files/a", "4", "is a device"],
    ["a directory", "files/a/", "5", "is a directory"],
    ["a named pipe", "files/a", "6", "is a fifo"],
    ["an unknown kind", "files/a", "Z", "is a other"],
  ])("%s", async (_, name, type, why) => {
    const entry = { path: name, bytes: Buffer.alloc(0), header: raw({ name, type, linkName: "/etc/passwd" }) };
    writeFileSync(at("bad.tar"), tarOf([...first, entry]));

    await expect(open("bad.tar")).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining(why) as string,
    });
  });

  test("an entry twice", async () => {
    writeFileSync(at("bad.tar"), tarOf([...first, first.at(-1)!]));
    await expect(open("bad.tar")).rejects.toThrow("is in it twice");
  });

  test("an entry larger than the file", async () => {
    const header = formatTarHeader({ name: "files/large", size: 2 ** 45 });
    writeFileSync(at("bad.tar"), Buffer.concat([tarOf(first).subarray(0, -1024), header, Buffer.alloc(4096)]));
    await expect(open("bad.tar")).rejects.toThrow("it ends inside files/large");
  });

  test("a huge header", async () => {
    const header = raw({ name: "PaxHeader", type: "x", size: 50_000_000 });
    writeFileSync(at("bad.tar"), Buffer.concat([header, Buffer.alloc(4096)]));
    await expect(open("bad.tar")).rejects.toThrow("a header of 50000000 bytes");
  });

  test("something after its end", async () => {
    writeFileSync(at("bad.tar"), Buffer.concat([full.bytes, Buffer.alloc(512), Buffer.from("more")]));
    await expect(open("bad.tar")).rejects.toThrow("something follows the mark of its end");
    writeFileSync(at("bad.tar"), Buffer.concat([full.bytes, Buffer.alloc(8192)]));
    await expect(open("bad.tar")).rejects.toThrow("and its entries make");
    writeFileSync(at("bad.tar"), Buffer.concat([full.bytes, Buffer.alloc(2 * 1024 * 1024)]));
    await expect(open("bad.tar")).rejects.toThrow("bytes follow the mark of its end");
  });

  test("an extra file that nothing lists", async () => {
    writeFileSync(at("bad.tar"), tarOf([...first, { path: "files/zzz", bytes: Buffer.from("x") }]));
    await expect(open("bad.tar")).rejects.toThrow("has files/zzz in it, which checksums.txt does not list");
  });

  test("one that lacks a file", async () => {
    writeFileSync(at("bad.tar"), tarOf(first.filter(({ path }) => path !== "files/README.txt")));
    await expect(open("bad.tar")).rejects.toThrow("lacks files/README.txt");
    writeFileSync(at("bad.tar"), tarOf(first.filter(({ path }) => path !== bundlePaths.manifest)));
    await expect(open("bad.tar")).rejects.toThrow("it has no bundle.json");
  });

  test("one whose entries changed places", async () => {
    writeFileSync(at("bad.tar"), tarOf([...first.slice(0, -2), first.at(-1)!, first.at(-2)!]));
    await expect(open("bad.tar")).rejects.toThrow("in another order than a bundle");
  });

  test.each([
    ["nothing", Buffer.alloc(0)],
    ["zeros", Buffer.alloc(1024)],
    ["a web page", Buffer.from("<html>".padEnd(2000, " "))],
  ])("%s", async (_, bytes) => {
    writeFileSync(at("bad.tar"), bytes);
    await expect(open("bad.tar")).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });

  test("a file that is not there", async () => {
    await expect(open("absent.tar")).rejects.toMatchObject({ code: "PREFLIGHT_FAILED" });
  });
});

test.each<readonly [string, (manifest: Record<string, unknown>) => void, string]>([
  ["is of another kind", (manifest) => (manifest["kind"] = "Package"), "kind is not Bundle"],
  ["has a field that is not known", (manifest) => (manifest["more"] = 1), 'the field "more"'],
  ["has no platform", (manifest) => (manifest["platforms"] = []), "platforms is empty"],
  ["has a platform that is none", (manifest) => (manifest["platforms"] = ["../.."]), "is no platform"],
  ["has no images", (manifest) => delete manifest["images"], "images is no list"],
  ["has a size that is none", (manifest) => (manifest["blobBytes"] = -1), "blobBytes is no size"],
  ["has text over lines", (manifest) => (manifest["name"] = "a\u001b[31m"), "name is no line of text"],
  ["has an artifact named like a path", (manifest) => renameArtifact(manifest, "../slipway"), "artifacts[0].name"],
  ["names other checksums", (manifest) => (manifest["checksums"] = full.root), "checksums.txt of"],
  ["is a delta without base", (manifest) => (manifest["content"] = "delta"), "base belongs in a delta"],
])("a root document that %s is refused", async (_, change, message) => {
  writeFileSync(at("bad.tar"), withManifest(change));

  await expect(open("bad.tar")).rejects.toMatchObject({
    code: "BUNDLE_INVALID",
    message: expect.stringContaining(message) as string,
  });
});

function renameArtifact(manifest: Record<string, unknown>, name: string): void {
  const [artifact] = manifest["artifacts"] as Record<string, unknown>[];
  if (artifact !== undefined) artifact["name"] = name;
}

test("a root document with another size of an image's manifest is refused", async () => {
  const change = (manifest: Record<string, unknown>): void => {
    const [image] = manifest["images"] as { root: { size: number } }[];
    if (image !== undefined) image.root.size += 1;
  };
  writeFileSync(at("bad.tar"), withManifest(change));

  await expect(open("bad.tar")).rejects.toThrow(/of the image postgres with \d+ bytes, and it should have/);
});

describe("a delta", () => {
  const next = { version: "1.1.0", images: [{ name: "postgres", layers: ["shared", "postgres:70000", "new"] }] };
  const delta = makeBundle({ ...next, base: full });
  const last = makeBundle({ version: "1.2.0", images: [{ name: "redis", layers: ["newest"] }], base: delta });
  beforeEach(() => {
    writeFileSync(at("delta.tar"), delta.bytes);
    writeFileSync(at("last.tar"), last.bytes);
  });

  test("gives with its base what the full bundle has", () =>
    opened(["delta.tar", "full.tar"], async (bundle) => {
      expect(bundle.root).toBe(makeBundle(next).root);
      expect(bundle.complete.content).toBe("full");
      expect(bundle.manifest.content).toBe("delta");
      for (const [digest, bytes] of delta.blobs) {
        const read = await buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length }));
        expect(read.equals(bytes)).toBe(true);
      }
    }));

  test("of a delta works with both", () =>
    opened(["last.tar", "delta.tar", "full.tar"], (bundle) => {
      expect(bundle.complete.version).toBe("1.2.0");
    }));

  test("can be looked into without its base, and names it when a blob is asked for", () =>
    opened("delta.tar", async (bundle) => {
      const digest = [...full.blobs.keys()].find((found) => bundle.sizeOf(found) === undefined)!;

      expect(bundle.complete).toBe(bundle.manifest);
      await expect(bundle.content.open({ mediaType: "x/y", digest, size: 1 })).rejects.toThrow(
        "which is a delta: it is in slipway-fixture 1.0.0",
      );
    }));

  test("is refused on another base, naming both", async () => {
    const other = makeBundle({ version: "0.9.0" });
    writeFileSync(at("other.tar"), other.bytes);

    await expect(open(["delta.tar", "other.tar"])).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: `${at("delta.tar")} builds on slipway-fixture 1.0.0 (${full.root}), and ${at("other.tar")} is slipway-fixture 0.9.0 (${other.root})`,
    });
    await expect(open(["last.tar", "full.tar"])).rejects.toThrow("builds on slipway-fixture 1.1.0");
    await expect(open(["full.tar", "delta.tar"])).rejects.toThrow("is a full bundle and builds on none");
  });
});

describe("a bundle in parts", () => {
  const usb = (): string => at("usb");
  const second = (name: string): string => join(usb(), name);
  beforeEach(() => {
    writeSplit(usb(), full.bytes, { partSize: 20_000 });
  });

  test("is read from the header or any part, without joining", async () => {
    for (const name of ["usb/bundle.tar.split.json", "usb/bundle.tar.part001", "usb/bundle.tar.part003"]) {
      await opened(name, async (bundle) => {
        expect(bundle.root).toBe(full.root);
        for (const [digest, bytes] of full.blobs) {
          const read = await buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length }));
          expect(read.equals(bytes)).toBe(true);
        }
      });
    }
  });

  test("is read from several folders", async () => {
    mkdirSync(at("other"));
    renameSync(second("bundle.tar.part002"), at("other/bundle.tar.part002"));
    renameSync(second("bundle.tar.part005"), at("other/bundle.tar.part005"));

    await opened("usb/bundle.tar.split.json", (bundle) => expect(bundle.root).toBe(full.root), {
      partFolders: [at("other")],
    });
    await opened("other/bundle.tar.part005", (bundle) => expect(bundle.root).toBe(full.root), {
      partFolders: [usb()],
    });
  });

  test("names each part that is missing or too short", async () => {
    rmSync(second("bundle.tar.part002"));
    truncateSync(second("bundle.tar.part004"), 19_999);

    await expect(open("usb/bundle.tar.split.json")).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: `bundle.tar cannot be read: bundle.tar.part002 is missing; ${second("bundle.tar.part004")} is truncated: 19999 bytes of 20000`,
    });
  });

  test("is refused, with nothing left open, when a part goes while it is opened", async () => {
    const bulkFiles = createBulkFiles();
    const seen = new Map<string, number>();
    let held = 0;
    const vanishing: typeof bulkFiles = {
      ...bulkFiles,
      open: async (path) => {
        seen.set(path, (seen.get(path) ?? 0) + 1);
        const file = path.endsWith("part002") && seen.get(path) === 2 ? undefined : await bulkFiles.open(path);
        if (file === undefined) return undefined;
        held += 1;
        return { ...file, close: () => file.close().finally(() => (held -= 1)) };
      },
    };
    const request = {
      paths: [at("usb/bundle.tar.split.json")],
      partFolders: [at("usb2")],
      trustedKeys: [fixturePublicKey],
      allowUnsigned: false,
    };

    await expect(openBundle(request, { ...ports, bulkFiles: vanishing })).rejects.toThrow(
      "bundle.tar.part002 was changed or removed while it was opened",
    );
    expect(held).toBe(0);
  });

  test("names the part that is damaged where the bundle cannot be read", async () => {
    writeFileSync(second("bundle.tar.part001"), withBit(readFileSync(second("bundle.tar.part001")), 700));

    await expect(open("usb/bundle.tar.split.json")).rejects.toThrow(/^\S+bundle.tar.part001 is damaged/);
  });

  test("names the parts that changed places", async () => {
    renameSync(second("bundle.tar.part001"), at("kept"));
    renameSync(second("bundle.tar.part002"), second("bundle.tar.part001"));
    renameSync(at("kept"), second("bundle.tar.part002"));

    await expect(open("usb/bundle.tar.split.json")).rejects.toThrow(
      "part001 has the contents of bundle.tar.part002: parts were swapped",
    );
  });

  test("names the part in which a damaged blob lies", async () => {
    const [digest, bytes] = [...full.blobs].find(([, contents]) => contents.length === 70000)!;
    const offset = offsetOf(full, `blobs/sha256/${digest.slice(7)}`);
    const number = Math.floor((offset + 35_000) / 20_000);
    const path = second(`bundle.tar.part00${number + 1}`);
    writeFileSync(path, withBit(readFileSync(path), (offset + 35_000) % 20_000));

    const read = opened("usb/bundle.tar.split.json", async (bundle) =>
      buffer(await bundle.content.open({ mediaType: "x/y", digest, size: bytes.length })),
    );

    await expect(read).rejects.toThrow(`part00${number + 1}`);
  });

  test("is refused without its header, or with one that is none", async () => {
    const header = second("bundle.tar.split.json");
    const text = readFileSync(header, "utf8");

    for (const [change, why] of [
      [text.replace("SplitBundle", "Bundle"), "kind is not SplitBundle"],
      [text.replace('"bundle.tar.part002"', '"../../etc/passwd"'), "does not name bundle.tar.part002"],
      [text.replace('"name": "bundle.tar"', '"name": "../x"'), "names no file"],
      [text.replace('"partSize": 20000', '"partSize": 10'), "does not name"],
      ["[]", "no object"],
      ["{", "not JSON"],
    ] as const) {
      writeFileSync(header, change);
      await expect(open("usb/bundle.tar.split.json")).rejects.toThrow(why);
    }
    rmSync(header);
    await expect(open("usb/bundle.tar.part001")).rejects.toThrow("its header bundle.tar.split.json is not there");
  });

  test("is refused when its header is signed and was changed", async () => {
    const header = second("bundle.tar.split.json");
    writeFileSync(`${header}.minisig`, signMessage(readFileSync(header), fixtureKey, "bundle.tar"));
    await opened("usb/bundle.tar.split.json", (bundle) => expect(bundle.trust.state).toBe("signed"));

    const digest = /sha256:[0-9a-f]{64}/.exec(readFileSync(header, "utf8"))?.[0] ?? "";
    writeFileSync(header, readFileSync(header, "utf8").replace(digest, full.root));

    await expect(open("usb/bundle.tar.split.json")).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  });
});
