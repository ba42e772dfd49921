import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixturePublicKey, makeBundle, writeSplit } from "../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { bundlePaths } from "../../bundle/bundle-manifest.ts";
import { writeParity } from "../../bundle/parity.ts";
import { formatSplitHeader } from "../../bundle/split-header.ts";
import { inspectBundle } from "./bundle-inspect.ts";
import { type BundleVerifyResult, verifyBundle } from "./bundle-verify.ts";
import { readTrustedKeys } from "./trusted-keys.ts";

const full = makeBundle();
const { ports, events } = createBundlePorts();
let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-verify-"));
  writeFileSync(at("full.tar"), full.bytes);
  writeFileSync(at("maker.pub"), fixturePublicKey);
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function verify(...names: readonly string[]): Promise<BundleVerifyResult> {
  return verifyBundle(
    { paths: names.map(at), partFolders: [], keyFiles: [at("maker.pub")], allowUnsigned: false },
    ports,
  );
}

function turnBit(name: string, offset: number): void {
  const bytes = readFileSync(at(name));
  bytes.writeUInt8(bytes.readUInt8(offset) ^ 1, offset);
  writeFileSync(at(name), bytes);
}

const large = [...full.blobs].find(([, bytes]) => bytes.length === 70_000)!;
const shared = [...full.blobs].find(([, bytes]) => bytes.length === 2000)!;
function offsetOf(digest: string): number {
  return full.assembled.layout.entries.find(({ path }) => path.endsWith(digest.slice(7)))!.offset;
}

test("says that every byte is right", async () => {
  const result = await verify("full.tar");

  expect(result).toMatchObject({
    ok: true,
    damaged: [],
    bundles: [{ name: "slipway-fixture", root: full.root, bytes: full.bytes.length, trust: { state: "signed" } }],
  });
  expect(events).toContainEqual({ type: "progress", step: "verify", id: "full.tar", percent: 100 });
});

test("names each damaged entry, whose it is and where it lies", async () => {
  turnBit("full.tar", offsetOf(large[0]) + 12_345);
  turnBit("full.tar", offsetOf(shared[0]));

  const result = await verify("full.tar");

  expect(result.ok).toBe(false);
  expect(result.damaged).toHaveLength(2);
  expect(result.damaged).toContainEqual({
    bundle: at("full.tar"),
    path: `blobs/sha256/${large[0].slice(7)}`,
    problem: expect.stringContaining(`not ${large[0]}`) as string,
    owners: ["the image postgres"],
    files: [at("full.tar")],
  });
  expect(result.damaged).toContainEqual(
    expect.objectContaining({ owners: ["the image postgres", "the image redis"] }) as unknown,
  );
});

test("names a damaged manifest, and says nothing else of the image that it is of", async () => {
  const [image] = full.assembled.manifest.images;
  const { digest } = image!.platforms[0]!.manifest;
  turnBit("full.tar", offsetOf(digest));

  const { damaged } = await verify("full.tar");

  expect(damaged).toEqual([
    expect.objectContaining({
      path: `blobs/sha256/${digest.slice(7)}`,
      problem: expect.stringContaining(`not ${digest}`) as string,
    }),
  ]);
});

test("names an image whose manifest has other layers than its configuration, on each platform", async () => {
  const images = [{ name: "redis", layers: ["shared", "redis"], named: 0, platforms: ["linux/amd64", "linux/arm64"] }];
  writeFileSync(at("full.tar"), makeBundle({ images }).bytes);

  const result = await verify("full.tar");

  expect(result.ok).toBe(false);
  expect(result.damaged.map(({ problem }) => problem.replace(/^sha256:\w+ /, ""))).toEqual([
    "names no layers, and its configuration has 2: the image is not whole",
    "names no layers, and its configuration has 2: the image is not whole",
  ]);
  expect(result.damaged[0]).toMatchObject({ path: "docker.io/slipway/redis:1", owners: ["redis"] });
});

test("names the damaged parts of a split bundle", async () => {
  writeSplit(at("usb"), full.bytes, { partSize: 16_000 });
  const part = Math.floor((offsetOf(large[0]) + 40_000) / 16_000) + 1;
  turnBit(`usb/bundle.tar.part00${part}`, (offsetOf(large[0]) + 40_000) % 16_000);

  const result = await verify("usb/bundle.tar.split.json");

  expect(result.ok).toBe(false);
  expect(result.damaged[0]?.files).toContain(at(`usb/bundle.tar.part00${part}`));
  expect(result.damagedParts).toEqual([expect.stringContaining(`part00${part} is damaged`)]);
});

test("verifies a delta with its base, and a delta alone as far as it goes", async () => {
  const delta = makeBundle({ version: "1.1.0", images: [{ name: "redis", layers: ["shared", "new"] }], base: full });
  writeFileSync(at("delta.tar"), delta.bytes);

  expect((await verify("delta.tar", "full.tar")).bundles.map(({ content }) => content)).toEqual(["delta", "full"]);
  expect((await verify("delta.tar")).ok).toBe(true);
  turnBit("full.tar", offsetOf(large[0]));
  expect((await verify("delta.tar", "full.tar")).damaged[0]?.bundle).toBe(at("full.tar"));
});

test("refuses without a key, and says what to do", async () => {
  const request = { paths: [at("full.tar")], partFolders: [], keyFiles: [], allowUnsigned: false };

  await expect(verifyBundle(request, ports)).rejects.toMatchObject({
    code: "BUNDLE_INVALID",
    hint: expect.stringMatching(/^ask its maker.*--key FILE.*--allow-unsigned/) as string,
  });
});

test("takes keys from the folder of trusted keys, and only those named when there are any", async () => {
  const home = createBundlePorts({ HOME: folder }).ports;
  const own = createBundlePorts({ HOME: "/nowhere", XDG_CONFIG_HOME: at("config") }).ports;
  mkdirSync(at(".config/slipway/trusted-keys"), { recursive: true });
  mkdirSync(at("config/slipway/trusted-keys"), { recursive: true });
  writeFileSync(at(".config/slipway/trusted-keys/maker.pub"), fixturePublicKey);
  writeFileSync(at("config/slipway/trusted-keys/bad.pub"), "hello");

  expect(await readTrustedKeys({ keyFiles: [], allowUnsigned: false }, home)).toEqual([fixturePublicKey]);
  await expect(readTrustedKeys({ keyFiles: [], allowUnsigned: false }, own)).rejects.toThrow(
    "bad.pub is not a minisign",
  );
  expect(await readTrustedKeys({ keyFiles: [at("maker.pub")], allowUnsigned: false }, own)).toEqual([fixturePublicKey]);
  await expect(readTrustedKeys({ keyFiles: [at("no.pub")], allowUnsigned: true }, own)).rejects.toMatchObject({
    code: "USAGE",
  });
});

test("takes no keys from a folder or a file that others can write", async () => {
  const home = createBundlePorts({ HOME: folder }).ports;
  const keys = at(".config/slipway/trusted-keys");
  mkdirSync(keys, { recursive: true });
  writeFileSync(join(keys, "maker.pub"), fixturePublicKey);
  const read = () => readTrustedKeys({ keyFiles: [], allowUnsigned: true }, home);

  chmodSync(keys, 0o777);
  await expect(read()).rejects.toMatchObject({
    code: "BUNDLE_INVALID",
    message: expect.stringMatching(/trusted-keys can be written by others/) as string,
  });
  chmodSync(keys, 0o755);
  chmodSync(join(keys, "maker.pub"), 0o666);
  await expect(read()).rejects.toThrow("maker.pub can be written by others");
  chmodSync(join(keys, "maker.pub"), 0o644);
  expect(await read()).toEqual([fixturePublicKey]);
  const another = { ...home, host: { ...home.host, uid: () => 4711, isRoot: () => false } };
  const fs = { ...home.fs, stat: () => Promise.resolve({ mode: 0o755, uid: 4712, size: 0, directory: true }) };
  await expect(readTrustedKeys({ keyFiles: [], allowUnsigned: true }, { ...another, fs })).rejects.toThrow(
    "belongs to another user",
  );
});

test("inspect says what is in a bundle and who signed it", async () => {
  const inspect = (keyFiles: readonly string[]) =>
    inspectBundle({ paths: [at("full.tar")], partFolders: [], keyFiles }, ports);

  const result = await inspect([at("maker.pub")]);

  expect(result).toMatchObject({ name: "slipway-fixture", version: "1.0.0", trust: { state: "signed" } });
  expect(result.images.map(({ name, bytes = 0 }) => [name, bytes > 2000])).toEqual([
    ["postgres", true],
    ["redis", true],
  ]);
  expect((await inspect([])).trust.state).toBe("untrusted");
  writeFileSync(at("full.tar"), makeBundle({ key: "unsigned" }).bytes);
  expect((await inspect([])).trust).toEqual({ state: "unsigned" });
});

test("whatever is changed in the file is found, and nothing but an error about the bundle comes of it", async () => {
  const signature = full.assembled.layout.entries.find(({ path }) => path === bundlePaths.signature)!;
  // The first line of a signature is the one thing that nobody vouches for.
  const comment = full.bytes.indexOf(10, signature.offset);
  const inComment = (offset: number): boolean => offset >= signature.offset && offset <= comment;
  const change = fc.oneof(
    fc.record({ offset: fc.nat(full.bytes.length - 1), bytes: fc.uint8Array({ minLength: 1, maxLength: 600 }) }),
    fc.record({ offset: fc.nat(full.bytes.length - 1), bytes: fc.constant(undefined) }),
  );
  await fc.assert(
    fc.asyncProperty(change, async ({ offset, bytes }) => {
      const changed = bytes === undefined ? full.bytes.subarray(0, offset) : Buffer.from(full.bytes);
      if (bytes !== undefined) changed.set(bytes.subarray(0, full.bytes.length - offset), offset);
      fc.pre(!changed.equals(full.bytes) && !(bytes !== undefined && inComment(offset)));
      writeFileSync(at("fuzzed.tar"), changed);

      const found = await verify("fuzzed.tar").then(
        ({ ok }) => (ok ? "ok" : "damaged"),
        (error: unknown) => (error as { readonly code?: string }).code ?? String(error),
      );

      expect(["damaged", "BUNDLE_INVALID"]).toContain(found);
    }),
    { numRuns: 120 },
  );
});

test("warns of parity that is lost or damaged, which the bundle does not need", async () => {
  const { headerPath, header } = writeSplit(at("usb"), full.bytes, { partSize: 30_000 });
  const parts = header.parts.map(({ file, size }) => ({ path: at(`usb/${file}`), size }));
  const parity = await writeParity(
    { name: "bundle.tar", folder: at("usb"), parts, partSize: 30_000, count: 2, signal: ports.signal },
    ports.bulkFiles,
  );
  writeFileSync(headerPath, formatSplitHeader({ ...header, parity: { count: 2, parts: parity } }));
  rmSync(at("usb/bundle.tar.parity001"));
  turnBit("usb/bundle.tar.parity002", 5);

  const result = await verify("usb/bundle.tar.split.json");

  expect(result.ok).toBe(true);
  const warnings = events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
  expect(warnings).toEqual([
    expect.stringContaining("bundle.tar.parity001 is missing"),
    expect.stringContaining("bundle.tar.parity002 is damaged"),
  ]);
});

test("a bundle that is not there is told before anything about keys", async () => {
  const request = { partFolders: [], keyFiles: [], allowUnsigned: false };
  const nobody = { ...ports, environment: { HOME: folder } };

  await expect(verifyBundle({ ...request, paths: [at("ful.tar")] }, nobody)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: `${at("ful.tar")} does not exist`,
  });
});
