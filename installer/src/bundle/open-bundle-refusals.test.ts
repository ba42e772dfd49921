import { copyFileSync, truncateSync, writeFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { type FixtureBundle, fixtureKey, makeBundle } from "../../test/support/bundle-fixture.ts";
import { createSeededRandom } from "../../test/support/memory-ports.ts";
import { formatBundleManifest } from "./build-bundle-manifest.ts";
import { bundlePaths } from "./bundle-manifest.ts";
import { formatPublicKeyOf, generateKeyPair, signMessage } from "./minisign-secret.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "./tar/tar-header.ts";
import { full, at, open, opened, withBit, offsetOf, inFreshFolder } from "./testing/opened-bundle.ts";

inFreshFolder();

interface RawEntry {
  readonly path: string;
  readonly bytes: Buffer;
  readonly header?: Buffer;
}

function rawEntries(bundle: FixtureBundle): readonly RawEntry[] {
  return bundle.assembled.layout.entries.map(({ path, offset, size, header }) => ({
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
    const { length } = full.assembled.files.get(bundlePaths.signature)!;
    const begin = full.assembled.files.get(bundlePaths.signature)!.indexOf(10) + 1;
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
    const { entries } = full.assembled.layout;
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

describe("a tar that is not a bundle is refused", () => {
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
  ["has a platform that is none", (manifest) => (manifest["platforms"] = ["../.."]), "is not a platform"],
  ["has no images", (manifest) => delete manifest["images"], "images is not a list"],
  ["has a size that is none", (manifest) => (manifest["blobBytes"] = -1), "blobBytes is not a size"],
  ["has text over lines", (manifest) => (manifest["name"] = "a\u001b[31m"), "name is not a line of text"],
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
