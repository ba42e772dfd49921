import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixturePublicKey, makeBundle } from "../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { generateKeyPair } from "../../bundle/minisign-secret.ts";
import { digestOf } from "../../oci/digest.ts";
import { startHttpServer } from "../../platform/http-server.ts";
import type { ImagePull } from "../../platform/ports.ts";
import { createSeededRandom } from "../../../test/support/memory-ports.ts";
import { openBundle } from "../../bundle/open-bundle.ts";
import { type BundleLoadRequest, type BundleLoadResult, contentOf, loadBundle, toLoadable } from "./bundle-load.ts";
import { requireLoadable } from "./load-images.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "bundle-load-"));
  writeFileSync(join(folder, "fixture.pub"), fixturePublicKey);
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** An engine that pulls as engines do, and keeps names and ids only. */
class PullingEngine {
  readonly names = new Map<string, string>();
  readonly pulled: string[] = [];
  readonly digests = new Set<string>();
  readonly architecture: string;

  constructor(architecture = "x86_64") {
    this.architecture = architecture;
  }

  async pull({ reference }: ImagePull): Promise<void> {
    this.pulled.push(reference);
    const [, authority = "", name = "", digest = ""] = /^([^/]+)\/(.+)@(.+)$/.exec(reference) ?? [];
    const get = async (path: string): Promise<Buffer> => {
      const response = await fetch(`http://${authority}/v2/${name}/${path}`);
      if (!response.ok) throw new Error(`${path}: ${response.status}`);
      return Buffer.from(await response.arrayBuffer());
    };
    const manifest = JSON.parse((await get(`manifests/${digest}`)).toString()) as {
      readonly config: { readonly digest: string };
      readonly layers: readonly { readonly digest: string }[];
    };
    for (const blob of [manifest.config, ...manifest.layers]) {
      if (this.digests.has(blob.digest)) continue;
      if (digestOf(await get(`blobs/${blob.digest}`)) === blob.digest) this.digests.add(blob.digest);
    }
    this.names.set(reference, manifest.config.digest);
  }

  readonly docker = {
    info: () => Promise.resolve({ architecture: this.architecture, dataRoot: "/nowhere" }),
    imageIds: (references: readonly string[]) =>
      Promise.resolve(
        new Map(references.flatMap((name) => (this.names.has(name) ? [[name, this.names.get(name)]] : []))),
      ),
    imageDigests: () => Promise.resolve([]),
    pullImage: (request: ImagePull) => this.pull(request),
    tagImage: (from: string, to: string) => Promise.resolve(void this.names.set(to, this.names.get(from) ?? "")),
    removeImageReference: (name: string) => Promise.resolve(void this.names.delete(name)),
  };
}

function write(name: string, bytes: Buffer): string {
  writeFileSync(join(folder, name), bytes);
  return join(folder, name);
}

function load(
  engine: PullingEngine,
  paths: readonly string[],
  more: Partial<BundleLoadRequest> = {},
): Promise<BundleLoadResult> {
  const { ports } = createBundlePorts();
  const bundle = { paths, keyFiles: [join(folder, "fixture.pub")], allowUnsigned: false };
  return loadBundle({ bundle, images: [], ...more }, { ...ports, images: engine.docker as never, startHttpServer });
}

const base = makeBundle({ version: "1.0.0" });
const delta = makeBundle({
  version: "1.1.0",
  base,
  images: [
    { name: "postgres", layers: ["shared", "postgres-new:5000"] },
    { name: "redis", layers: ["shared", "redis"] },
  ],
});

describe("loading a bundle", () => {
  it("gives the engine every image under its own name and no other, each layer once", async () => {
    const engine = new PullingEngine();

    const result = await load(engine, [write("b.tar", base.bytes)]);

    expect(result).toMatchObject({ way: "registry", platform: "linux/amd64", version: "1.0.0" });
    expect([...engine.names]).toEqual(
      base.manifest.images.map((image) => [image.reference, image.platforms[0]?.config]),
    );
  });

  it("does nothing the second time", async () => {
    const engine = new PullingEngine();
    const path = write("b.tar", base.bytes);
    await load(engine, [path]);
    engine.pulled.length = 0;

    const result = await load(engine, [path]);

    expect(result.images.map((image) => image.state)).toEqual(["present", "present"]);
    expect(engine.pulled).toEqual([]);
  });

  it("takes only the images that are named, by name or reference", async () => {
    const path = write("b.tar", base.bytes);

    const byName = await load(new PullingEngine(), [path], { images: ["redis"] });
    const byReference = await load(new PullingEngine(), [path], { images: ["slipway/redis:1"] });

    expect(byName.images.map((image) => image.reference)).toEqual(["docker.io/slipway/redis:1"]);
    expect(byReference.images).toEqual(byName.images);
  });

  it("reads a delta with what it builds on", async () => {
    const engine = new PullingEngine();

    const result = await load(engine, [write("d.tar", delta.bytes), write("b.tar", base.bytes)]);

    expect(result).toMatchObject({ version: "1.1.0", images: [{ state: "loaded" }, { state: "loaded" }] });
  });

  it("refuses a delta alone before the engine is given anything, and names the base", async () => {
    const engine = new PullingEngine();

    await expect(load(engine, [write("d.tar", delta.bytes)])).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining("slipway-fixture 1.0.0") as string,
    });
    expect(engine.pulled).toEqual([]);
  });

  it("finds before anything is changed that a delta alone has not all of an image, and asks for no more than is missing", async () => {
    const engine = new PullingEngine();
    const check = async (...paths: readonly string[]): Promise<void> => {
      const { ports } = createBundlePorts();
      const trust = { partFolders: [], trustedKeys: [fixturePublicKey], allowUnsigned: false };
      const reader = await openBundle({ paths, ...trust }, ports);
      const images = reader.complete.images.map((image) =>
        toLoadable(image, { os: "linux", architecture: "amd64" }, reader.name),
      );
      await requireLoadable(images, contentOf(reader), { images: engine.docker as never }).finally(() =>
        reader.close(),
      );
    };
    const [alone, old] = [write("d.tar", delta.bytes), write("b.tar", base.bytes)];

    await expect(check(alone)).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      hint: expect.stringContaining("--base FILE") as string,
    });
    await expect(check(alone, old)).resolves.toBeUndefined();
    await load(engine, [alone, old]);
    await expect(check(alone)).resolves.toBeUndefined();
  });

  it("refuses a bundle for another platform before the engine is given anything", async () => {
    const engine = new PullingEngine("aarch64");

    await expect(load(engine, [write("b.tar", base.bytes)])).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
      message: expect.stringContaining("the engine is linux/arm64") as string,
    });
    expect(engine.pulled).toEqual([]);
  });

  it("names an image that the bundle does not have", async () => {
    const request = load(new PullingEngine(), [write("b.tar", base.bytes)], { images: ["nats"] });

    await expect(request).rejects.toMatchObject({ code: "USAGE", hint: "it has postgres, redis" });
  });

  it.for([
    ["unsigned", "unsigned"],
    ["signed by another key", generateKeyPair(createSeededRandom("another"))],
  ] as const)("refuses a bundle that is %s", async ([, key]) => {
    const engine = new PullingEngine();

    await expect(load(engine, [write("b.tar", makeBundle({ key }).bytes)])).rejects.toMatchObject({
      code: "BUNDLE_INVALID",
    });
    expect(engine.pulled).toEqual([]);
  });

  it("takes an unsigned bundle when that is asked for", async () => {
    const path = write("b.tar", makeBundle({ key: "unsigned" }).bytes);

    const result = await load(new PullingEngine(), [path], {
      bundle: { paths: [path], keyFiles: [], allowUnsigned: true },
    });

    expect(result.images.length).toBe(2);
  });

  it("names a damaged blob, and gives its image no name", async () => {
    const engine = new PullingEngine();
    const bytes = Buffer.from(base.bytes);
    const blob = [...base.blobs].find(([, contents]) => contents.length === 70_000);
    const at = bytes.indexOf(blob?.[1] ?? "none");
    bytes[at + 60_000] = (bytes[at + 60_000] ?? 0) ^ 1;

    await expect(load(engine, [write("b.tar", bytes)])).rejects.toThrow(blob?.[0]);
    expect(engine.names.has("docker.io/slipway/postgres:1")).toBe(false);
  });
});
