import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixtureKey, fixturePublicKey } from "../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { LayoutFolder, type LayoutImage } from "../../../test/support/layout-folder.ts";
import { createSeededRandom } from "../../../test/support/memory-ports.ts";
import { formatSecretKey } from "../../bundle/minisign-secret.ts";
import { openBundle } from "../../bundle/open-bundle.ts";
import { repairParts } from "../../bundle/parity.ts";
import { parseSplitHeader } from "../../bundle/split-header.ts";
import { openAssets } from "../../cli/assets.ts";
import { createFailpoint } from "../../platform/failpoint.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import { digestOf } from "../../oci/digest.ts";
import { createBundle } from "./bundle-create.ts";
import type { BundleCreateRequest, BundleCreateResult } from "./create-request.ts";
import { flattenBundle } from "./bundle-flatten.ts";
import type { ActionPorts } from "../context.ts";
import { readImageTable } from "../desired/load-plan.ts";

const assets = openAssets();
let folder: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-bundle-"));
  writeFileSync(join(folder, "key"), await formatSecretKey(fixtureKey, "", createSeededRandom("k")));
  writeFileSync(join(folder, "key.pub"), fixturePublicKey);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Every image of ours, small; `change` gives the named one another layer. */
function ownImages(change: Readonly<Record<string, Partial<LayoutImage>>> = {}): readonly LayoutImage[] {
  return Object.entries(readImageTable(assets))
    .filter(([, { source }]) => source === "built")
    .map(([name, { reference }]) => ({
      reference: formatReference(parseReference(reference)),
      layers: ["shared:30000", `${name}:50000`],
      ...change[name],
    }));
}

function referenceOf(name: string): string {
  return formatReference(parseReference(readImageTable(assets)[name]?.reference ?? ""));
}

function layout(name: string, images: readonly LayoutImage[] = ownImages()): LayoutFolder {
  return new LayoutFolder(join(folder, name), images);
}

function testPorts(failpoint: ActionPorts["failpoint"] = createFailpoint({})): ActionPorts {
  return { ...createBundlePorts().ports, assets, failpoint };
}

function requestFor(output: string, from: string, more: Partial<BundleCreateRequest> = {}): BundleCreateRequest {
  return {
    name: "slipway",
    stateDir: join(folder, "state"),
    values: { profile: "infra", files: [], set: [], without: ["casdoor"] },
    output: join(folder, output),
    platforms: ["linux/amd64"],
    from: [from.startsWith("/") ? from : `oci:${join(folder, from)}`],
    since: [],
    tools: [],
    executables: [],
    keyFiles: [join(folder, "key.pub")],
    allowUnsigned: false,
    signing: { unsigned: false, keyFile: join(folder, "key") },
    plainHttp: false,
    dryRun: false,
    cacheDir: join(folder, "cache"),
    ...more,
  };
}

async function create(
  output: string,
  from: string,
  more: Partial<BundleCreateRequest> = {},
): Promise<BundleCreateResult> {
  return createBundle(requestFor(output, from, more), testPorts());
}

function bytesOf(name: string): Buffer {
  return readFileSync(join(folder, name));
}

async function open(...names: readonly string[]) {
  const paths = names.map((name) => join(folder, name));
  return openBundle({ paths, partFolders: [], trustedKeys: [fixturePublicKey], allowUnsigned: false }, testPorts());
}

describe("bundle create", () => {
  it("carries images that a person names, with the platform's or alone", async () => {
    const vllm = "quay.io/example/vllm:v0.9";
    layout("l", [...ownImages(), { reference: vllm, layers: ["shared:30000", "vllm:70000"] }]);

    await create("more.tar", "l", { images: [vllm, referenceOf("postgres")] });
    await create("alone.tar", "l", { images: [vllm], imagesOnly: true });

    const [more, alone] = [await open("more.tar"), await open("alone.tar")];
    const reasons = new Map(more.manifest.images.map((image) => [image.reference, image.reasons]));
    await Promise.all([more.close(), alone.close()]);
    expect(reasons.get(vllm)).toEqual(["named with --image"]);
    expect(reasons.get(referenceOf("postgres"))).toContain("component postgres");
    expect(alone.manifest.name).toBe("slipway-images");
    expect(alone.manifest.profiles).toEqual([]);
    expect(alone.manifest.images.map(({ reference }) => reference)).toEqual([vllm]);
  });

  it("refuses a further image without a version, and a bundle without any image", async () => {
    layout("l");

    const attempt = (more: Partial<BundleCreateRequest>) => create("b.tar", "l", more);

    await expect(attempt({ images: ["quay.io/example/vllm"] })).rejects.toMatchObject({ code: "USAGE" });
    await expect(attempt({ imagesOnly: true })).rejects.toMatchObject({ code: "USAGE" });

    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });

  it("refuses an output that is a folder, or in a folder that is not there, before any image is read", async () => {
    layout("l");
    const { ports, events } = createBundlePorts();

    for (const output of [folder, join(folder, "not-there/b.tar")]) {
      const request = { ...requestFor("b.tar", "l"), output };
      await expect(createBundle(request, { ...ports, assets, failpoint: createFailpoint({}) })).rejects.toMatchObject({
        code: "USAGE",
        message: expect.stringContaining(folder) as string,
      });
    }

    expect(events).toEqual([]);
  });

  it("asks for the passphrase of a key that has one, and says how to give it where nobody can be asked", async () => {
    layout("l");
    const keyFile = join(folder, "protected");
    writeFileSync(keyFile, await formatSecretKey(fixtureKey, "correct horse", createSeededRandom("p")));
    const asked: string[] = [];
    const askPassphrase = (message: string): Promise<string> => {
      asked.push(message);
      return Promise.resolve("correct horse");
    };

    const result = await create("b.tar", "l", { signing: { unsigned: false, keyFile, askPassphrase } });
    const refused = create("c.tar", "l", { signing: { unsigned: false, keyFile } });

    await expect(refused).rejects.toMatchObject({
      code: "USAGE",
      message: expect.stringContaining("is protected by a passphrase") as string,
      hint: expect.stringContaining("--passphrase-file") as string,
    });
    expect(result.signed).toBe(true);
    expect(asked).toEqual([`passphrase of ${keyFile}`]);
  });

  it("tells no digest of the root document in a dry run, which does not read the layers it depends on", async () => {
    layout("l");

    const result = await create("b.tar", "l", { dryRun: true });

    expect(result.root).toBeUndefined();
    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });

  it("warns when it carries no program for a platform, and not when only images are carried", async () => {
    layout("l");
    const warningsOf = async (output: string, more: Partial<BundleCreateRequest>): Promise<readonly string[]> => {
      const { ports, events } = createBundlePorts();
      await createBundle(requestFor(output, "l", more), { ...ports, assets, failpoint: createFailpoint({}) });
      return events.flatMap((event) => (event.type === "warning" ? [event.message] : []));
    };

    const whole = await warningsOf("b.tar", {});
    const images = await warningsOf("i.tar", { images: [referenceOf("postgres")], imagesOnly: true });

    expect(whole).toContain("the bundle carries no slipway program for linux/amd64");
    expect(images).toEqual([]);
  });

  it("tells how far the parity parts are", async () => {
    layout("l");
    const { ports, events } = createBundlePorts();

    await createBundle(requestFor("s.tar", "l", { partSize: 200_000, parity: 1 }), {
      ...ports,
      assets,
      failpoint: createFailpoint({}),
    });

    const told = events.flatMap((event) => (event.type === "progress" ? [[event.id, event.percent] as const] : []));
    expect(told).toContainEqual(["parity of s.tar", 100]);
  });

  it("makes a signed bundle that opens, with every image of the profile and each blob once", async () => {
    layout("l");

    const result = await create("b.tar", "l");

    const bundle = await open("b.tar");
    const names = bundle.manifest.images.map(({ name }) => name);
    const blobs = bundle.entries.filter(({ path }) => path.startsWith("blobs/"));
    await bundle.close();
    expect(bundle.trust.state).toBe("signed");
    expect(names).toContain("postgres");
    expect(names).toContain("toolbox");
    expect(names).not.toContain("casdoor");
    expect(bundle.manifest.without).toEqual(["casdoor"]);
    expect(new Set(blobs.map(({ path }) => path)).size).toBe(blobs.length);
    expect(bundle.manifest.blobBytes).toBe(blobs.reduce((sum, { size }) => sum + size, 0));
    expect(result).toMatchObject({ root: bundle.root, bytes: bytesOf("b.tar").length, signed: true });
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("makes the same bytes from the layout, from the bundle itself and from its parts", async () => {
    layout("l");

    await create("a.tar", "l");
    await create("b.tar", join(folder, "a.tar"));
    await create("c.tar", "l", { partSize: 100_000 });
    await create("d.tar", join(folder, "c.tar.split.json"));

    const parts = readdirSync(folder).filter((name) => /^c\.tar\.part\d+$/.test(name));
    expect(bytesOf("b.tar").equals(bytesOf("a.tar"))).toBe(true);
    expect(parts.length).toBeGreaterThan(2);
    expect(Buffer.concat(parts.toSorted().map(bytesOf)).equals(bytesOf("a.tar"))).toBe(true);
    expect(bytesOf("d.tar").equals(bytesOf("a.tar"))).toBe(true);
  });

  it("says in checksums.txt what sha256sum would say", async () => {
    layout("l");

    await create("b.tar", "l");

    const bundle = await open("b.tar");
    const sums = new Map(
      (await bundle.readFile("checksums.txt"))
        .toString()
        .split("\n")
        .filter((line) => line !== "")
        .map((line) => [line.slice(66), line.slice(0, 64)]),
    );
    await bundle.close();
    const whole = bytesOf("b.tar");
    for (const { path, offset, size } of bundle.entries) {
      if (/^(bundle\.json|checksums\.txt)/.test(path)) continue;
      expect(`sha256:${sums.get(path) ?? ""}`).toBe(digestOf(whole.subarray(offset, offset + size)));
    }
    expect(sums.size).toBe(bundle.entries.length - 3);
  });

  it("carries signatures found at the source, by subject and by cosign's tag", async () => {
    layout("l", ownImages({ postgres: { signed: "subject" }, valkey: { signed: "tag" } }));

    await create("b.tar", "l");

    const bundle = await open("b.tar");
    const found = bundle.manifest.images.flatMap(({ name, referrers }) =>
      referrers.map(({ tag }) => [name, tag?.slice(-4)]),
    );
    const index = JSON.parse((await bundle.readFile("index.json")).toString()) as { manifests: unknown[] };
    await bundle.close();
    expect(found).toEqual([
      ["postgres", undefined],
      ["valkey", ".sig"],
    ]);
    expect(index.manifests).toHaveLength(bundle.manifest.images.length + 2);
  });

  it("writes nothing on a dry run and says how large it would be", async () => {
    layout("l");

    const dry = await create("b.tar", "l", { dryRun: true });
    const real = await create("b2.tar", "l");

    expect(existsSync(join(folder, "b.tar"))).toBe(false);
    expect(dry.blobBytes).toBe(real.blobBytes);
    expect(dry.images).toEqual(real.images);
  });
});

describe("a bundle in parts with parity", () => {
  it("can do without as many parts as there is parity", async () => {
    layout("l");
    const result = await create("b.tar", "l", { partSize: 200_000, parity: 2 });
    await create("whole.tar", "l");
    const parts = readdirSync(folder).filter((name) => /^b\.tar\.part\d+$/.test(name));
    rmSync(join(folder, parts[0] ?? ""));
    rmSync(join(folder, parts[1] ?? ""));
    const header = parseSplitHeader(bytesOf("b.tar.split.json").toString(), "b.tar.split.json");
    const ports = testPorts();

    await repairParts(
      { header, folders: [folder], output: folder, onBytes: () => undefined, signal: ports.signal },
      ports,
    );

    expect(result.files.filter((path) => path.includes(".parity"))).toHaveLength(2);
    expect(Buffer.concat(parts.toSorted().map(bytesOf)).equals(bytesOf("whole.tar"))).toBe(true);
  });
});

describe("an image for several platforms", () => {
  const two = ["linux/amd64", "linux/arm64"];
  const both = (): readonly LayoutImage[] => ownImages().map((image) => ({ ...image, platforms: two }));

  it("is carried with its index when all of them are wanted", async () => {
    const made = layout("l", both());

    await create("b.tar", "l", { platforms: two });

    const bundle = await open("b.tar");
    await bundle.close();
    const image = bundle.manifest.images.find(({ name }) => name === "nats");
    expect(image?.root.digest).toBe(made.roots.get(referenceOf("nats"))?.digest);
    expect(image?.parentIndex).toBeUndefined();
    expect(image?.platforms.map(({ platform }) => platform)).toEqual(two);
  });

  it("is narrowed to the platform's manifest, and the index it was in is recorded", async () => {
    const made = layout("l", both());

    await create("b.tar", "l");

    const bundle = await open("b.tar");
    await bundle.close();
    const image = bundle.manifest.images.find(({ name }) => name === "nats");
    expect(image?.parentIndex).toBe(made.roots.get(referenceOf("nats"))?.digest);
    expect(image?.root.digest).toBe(image?.platforms[0]?.manifest.digest);
    expect(bundle.entries.some(({ path }) => path.endsWith((image?.parentIndex ?? "?").slice(7)))).toBe(false);
  });

  it("is refused for a platform that it has not", async () => {
    layout("l");

    await expect(create("b.tar", "l", { platforms: two })).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: expect.stringContaining("is not there for linux/arm64") as string,
    });
  });
});

describe("what is refused before anything is written", () => {
  it.each([
    ["no key", { signing: { unsigned: false } }, "USAGE", "no key is given"],
    ["a key and --unsigned", { signing: { unsigned: true, keyFile: "x" } }, "USAGE", "exclude each other"],
    ["a platform that is none", { platforms: ["amd64"] }, "USAGE", "is no platform"],
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

  it("a folder that is no layout", async () => {
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

describe("a run that goes on after an interruption", () => {
  class PowerCut extends Error {}

  function dyingAt(count: number): ActionPorts["failpoint"] {
    let passed = 0;
    return (name) => {
      if (name === "bundle.blob" && ++passed === count) throw new PowerCut();
    };
  }

  it.each([undefined, 100_000])(
    "keeps what was written and ends with the same bytes (parts of %s)",
    async (partSize) => {
      layout("l");
      const split = partSize === undefined ? {} : { partSize };
      await expect(createBundle(requestFor("b.tar", "l", split), testPorts(dyingAt(6)))).rejects.toThrow(PowerCut);
      expect(existsSync(join(folder, "b.tar.partial.journal"))).toBe(true);

      const result = await create("b.tar", "l", split);
      await create("whole.tar", "l");

      const files = result.files.filter((path) => !path.includes("split.json")).toSorted();
      expect(result.resumedBytes).toBeGreaterThan(0);
      expect(Buffer.concat(files.map((path) => readFileSync(path))).equals(bytesOf("whole.tar"))).toBe(true);
      expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
    },
  );

  it("writes again what is damaged in the unfinished file", async () => {
    layout("l");
    await expect(createBundle(requestFor("b.tar", "l"), testPorts(dyingAt(6)))).rejects.toThrow(PowerCut);
    const partial = join(folder, "b.tar.partial");
    const bytes = readFileSync(partial);
    writeFileSync(partial, bytes.fill(7, bytes.length >> 2));

    await create("b.tar", "l");
    await create("whole.tar", "l");

    expect(bytesOf("b.tar").equals(bytesOf("whole.tar"))).toBe(true);
  });

  it("begins anew when something else is to be written", async () => {
    layout("l");
    layout("other", ownImages({ nats: { layers: ["shared:30000", "another:70000"] } }));
    await expect(createBundle(requestFor("b.tar", "l"), testPorts(dyingAt(6)))).rejects.toThrow(PowerCut);

    const result = await create("b.tar", "other");
    await create("whole.tar", "other");

    expect(result.resumedBytes).toBe(0);
    expect(bytesOf("b.tar").equals(bytesOf("whole.tar"))).toBe(true);
  });
});

describe("two runs at once", () => {
  it("the second is told who writes the bundle, and leaves nothing", async () => {
    layout("l");
    const ports = testPorts();
    const holder = { pid: 4711, bootId: "b", startedAt: "2026-01-01T00:00:00Z", command: "slipway", run: "r" };
    const held = await ports.locks.tryAcquire(join(folder, "b.tar.partial.lock"), holder);

    await expect(create("b.tar", "l")).rejects.toMatchObject({
      code: "LOCKED",
      message: expect.stringContaining("process 4711") as string,
    });
    if (held.held) await held.release();
    await create("b.tar", "l");

    expect(readdirSync(folder).filter((name) => name.startsWith("b.tar"))).toEqual(["b.tar"]);
  });
});

describe("a delta", () => {
  const changed = (layer: string) => ownImages({ nats: { layers: ["shared:30000", layer] } });

  it("carries the new blobs and little more", async () => {
    layout("v1");
    const made = layout("v2", changed("news:4000000"));
    await create("v1.tar", "v1");

    const delta = await create("d2.tar", "v2", { since: [join(folder, "v1.tar")] });

    const fresh = made.layersOf(referenceOf("nats"))[1]?.size ?? 0;
    expect(delta.content).toBe("delta");
    expect(delta.blobBytes).toBeLessThanOrEqual(fresh * 1.02);
    // Metadata is small beside images of a real size: here it is what the bundle has anyway.
    expect(delta.bytes - delta.blobBytes).toBeLessThan(400_000);
  });

  it("chains, and flattens to exactly the full bundle with its signature", async () => {
    layout("v1");
    layout("v2", changed("two:60000"));
    layout("v3", changed("three:70000"));
    await create("v1.tar", "v1");
    await create("d2.tar", "v2", { since: [join(folder, "v1.tar")] });
    await create("d3.tar", "v3", { since: [join(folder, "d2.tar"), join(folder, "v1.tar")] });
    await create("v3.tar", "v3");

    await flatten("flat.tar", "d3.tar", "d2.tar", "v1.tar");

    expect(bytesOf("flat.tar").equals(bytesOf("v3.tar"))).toBe(true);
  });

  it("fits a base that was flattened, and picks up a tag that was moved", async () => {
    layout("v1");
    const moved = layout("v2", changed("two:60000"));
    await create("v1.tar", "v1");
    await create("d2.tar", "v2", { since: [join(folder, "v1.tar")] });
    await flatten("flat2.tar", "d2.tar", "v1.tar");

    const again = await create("d3.tar", "v1", { since: [join(folder, "flat2.tar")] });

    const bundle = await open("d2.tar", "v1.tar");
    await bundle.close();
    const nats = bundle.complete.images.find(({ name }) => name === "nats");
    expect(nats?.root.digest).toBe(moved.roots.get(referenceOf("nats"))?.digest);
    expect(again.blobBytes).toBeGreaterThan(50_000);
  });

  it("is refused on another base, and alone", async () => {
    layout("v1");
    layout("v2", changed("two:60000"));
    layout("v3", changed("three:70000"));
    await create("v1.tar", "v1");
    await create("v3.tar", "v3");
    await create("d2.tar", "v2", { since: [join(folder, "v1.tar")] });

    await expect(flatten("flat.tar", "d2.tar", "v3.tar")).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
    await expect(flatten("flat.tar", "d2.tar")).rejects.toMatchObject({ code: "USAGE" });
    await expect(flatten("flat.tar", "v1.tar")).rejects.toMatchObject({ code: "USAGE" });
    await expect(create("d3.tar", "v3", { since: [join(folder, "d2.tar")] })).rejects.toMatchObject({ code: "USAGE" });
    expect(existsSync(join(folder, "flat.tar"))).toBe(false);
  });

  it("is not written over its own base", async () => {
    layout("v1");
    await create("v1.tar", "v1");
    copyFileSync(join(folder, "v1.tar"), join(folder, "kept.tar"));

    await expect(create("v1.tar", "v1", { since: [join(folder, "v1.tar")] })).rejects.toMatchObject({ code: "USAGE" });
    expect(bytesOf("v1.tar").equals(bytesOf("kept.tar"))).toBe(true);
  });
});

function flatten(output: string, ...names: readonly string[]) {
  return flattenBundle(
    {
      paths: names.map((name) => join(folder, name)),
      output: join(folder, output),
      keyFiles: [join(folder, "key.pub")],
      allowUnsigned: false,
    },
    testPorts(),
  );
}
