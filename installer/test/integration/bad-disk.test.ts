import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { describeUnless } from "../support/unless.ts";
import { createBundle } from "../../src/actions/bundle/bundle-create.ts";
import type { BundleCreateRequest } from "../../src/actions/bundle/create-request.ts";
import { flattenBundle } from "../../src/actions/bundle/bundle-flatten.ts";
import { loadBundle } from "../../src/actions/bundle/bundle-load.ts";
import { verifyBundle } from "../../src/actions/bundle/bundle-verify.ts";
import type { ActionPorts } from "../../src/actions/context.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { InstallerError } from "../../src/errors/installer-error.ts";
import type { ImageSource } from "../../src/oci/content.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { startHttpServer } from "../../src/platform/http-server.ts";
import type { Failpoint, FileSystem } from "../../src/platform/ports.ts";
import { spoolBlobs } from "../../src/registry/push/spool-blobs.ts";
import { fixtureBytes, fixturePublicKey, makeBundle, writeSplit } from "../support/bundle-fixture.ts";
import { createBundlePorts } from "../support/bundle-ports.ts";
import { createPushWorld, type PushWorld, sampleImages, tagsIn, findIncomplete } from "./push-world.ts";
import { breakFrom, diskInFile, memoryDisk, noDisksBecause } from "../support/small-disk.ts";
import { createTestRegistry, type TestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import { seedImage } from "../stand-ins/registry/synthetic-image.ts";

const obstacle = noDisksBecause();
const images = sampleImages(3, 400_000);
const closers: (() => unknown)[] = [];
let folder: string;
let world: PushWorld;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-bad-disk-"));
  writeFileSync(join(folder, "key.pub"), fixturePublicKey);
  world = await createPushWorld(images);
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  await world.close();
  rmSync(folder, { recursive: true, force: true });
});

function closing<Disk extends { close(): unknown }>(disk: Disk): Disk {
  closers.push(() => disk.close());
  return disk;
}

function create(output: string, more: Partial<BundleCreateRequest> = {}, ports: Partial<ActionPorts> = {}) {
  return createBundle(
    {
      name: "slipway",
      stateDir: join(folder, "state"),
      values: { profile: "infra", files: [], set: [], without: [] },
      output,
      platforms: ["linux/amd64"],
      from: [`oci:${world.layout}`],
      since: [],
      images: Object.keys(images),
      imagesOnly: true,
      tools: [],
      executables: [],
      keyFiles: [],
      allowUnsigned: false,
      signing: { unsigned: true },
      plainHttp: false,
      dryRun: false,
      cacheDir: join(folder, "cache"),
      jobs: 1,
      ...more,
    },
    { ...world.ports, assets: openAssets(), ...ports },
  );
}

async function refusalOf(work: Promise<unknown>): Promise<InstallerError> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof InstallerError)) throw error;
  return error;
}

/** Takes all the room there is, also while others write. */
function fill(place: string): void {
  const { bavail, bsize } = statfsSync(place);
  try {
    writeFileSync(join(place, "others"), Buffer.alloc((bavail + 1) * bsize));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
  }
}

async function expectLikeUndisturbed(path: string): Promise<void> {
  await create(join(folder, "undisturbed.tar"));
  expect(readFileSync(path).equals(readFileSync(join(folder, "undisturbed.tar")))).toBe(true);
}

describeUnless(obstacle, "a disk that is too small", () => {
  it("for a bundle is refused with the bytes that lack, and nothing is written", async () => {
    const disk = closing(memoryDisk("1m"));
    const output = join(disk.folder, "b.tar");

    const error = await refusalOf(create(output));

    expect(error.code).toBe("PREFLIGHT_FAILED");
    expect(error.message).toMatch(/b\.tar needs \d+ bytes, and \d+ are free there; nothing was written/);
    expect(readdirSync(disk.folder)).toEqual([]);
    disk.grow("8m");
    await create(output);
    await expectLikeUndisturbed(output);
  });

  it("for a flattened bundle is refused, and nothing is written", async () => {
    const disk = closing(memoryDisk("64k"));
    const base = makeBundle();
    const layers = ["shared", "postgres:70000", "new"];
    const delta = makeBundle({ version: "1.1.0", base, images: [{ name: "postgres", layers }] });
    const paths = [join(folder, "d.tar"), join(folder, "b.tar")];
    for (const [at, { bytes }] of [delta, base].entries()) writeFileSync(paths[at] ?? "", bytes);
    const request = { paths, output: join(disk.folder, "f.tar"), keyFiles: [join(folder, "key.pub")] };

    const error = await refusalOf(flattenBundle({ ...request, allowUnsigned: false }, world.ports));

    expect([error.code, error.message]).toEqual(["PREFLIGHT_FAILED", expect.stringContaining("f.tar needs")]);
    expect(readdirSync(disk.folder)).toEqual([]);
  });

  it("for layers that are taken into the cache before a push is refused before one is taken", async () => {
    const disk = closing(memoryDisk("1m"));
    const { source, wanted, fed } = feeding();

    const error = await refusalOf(spoolBlobs(source, wanted, disk.folder, world.ports));

    expect(error.code).toBe("PREFLIGHT_FAILED");
    expect(error.message).toContain(`${disk.folder}/blobs/sha256 has`);
    expect(fed).toEqual([]);
  });
});

describeUnless(obstacle, "a disk that others fill while it is written", () => {
  it.each(["oci layout", "registry"] as const)(
    "a bundle from an %s: what is full is named, and with room the same command goes on",
    async (kind) => {
      const disk = closing(memoryDisk("8m"));
      const output = join(disk.folder, "b.tar");
      const from = kind === "registry" ? await fromRegistry() : {};
      // Blobs of a layout are copied by threads, all at once: for them the disk is full from the beginning.
      const { fs } = world.ports;
      const filling: FileSystem["writeAtomic"] = async (path, ...more) => {
        await fs.writeAtomic(path, ...more);
        if (kind === "oci layout" && path.endsWith(".journal")) fill(disk.folder);
      };
      let blobs = 0;

      const failpoint: Failpoint = (name) => {
        if (name === "bundle.blob" && (blobs += 1) === 2) fill(disk.folder);
      };

      const error = await refusalOf(create(output, from, { failpoint, fs: { ...fs, writeAtomic: filling } }));

      expect(error.code).toBe("APPLY_FAILED");
      expect(error.message).toBe(`${output}.partial cannot be written: the disk is full`);
      expect(error.hint).toBe("make room, then run the same command again");
      expect(existsSync(output)).toBe(false);
      rmSync(join(disk.folder, "others"));
      const result = await create(output, from);
      expect(result.resumedBytes > 0).toBe(kind === "registry");
      if (kind === "oci layout") await expectLikeUndisturbed(output);
      expect(readdirSync(disk.folder)).toEqual(["b.tar"]);
    },
  );

  it("the cache before a push: nothing half stays, and with room it goes on with what is there", async () => {
    const disk = closing(memoryDisk("1m"));
    const roomy = { ...world.ports, fs: { ...world.ports.fs, freeBytes: () => Promise.resolve(2 ** 40) } };
    const { source, wanted, fed } = feeding(700_000);

    const error = await refusalOf(spoolBlobs(source, wanted, disk.folder, roomy));

    expect(error.code).toBe("APPLY_FAILED");
    expect(error.message).toMatch(
      new RegExp(`${wanted[1]?.digest.slice(7) ?? ""}.part cannot be written: the disk is full`),
    );
    expect(readdirSync(join(disk.folder, "blobs/sha256"))).toEqual([wanted[0]?.digest.slice(7)]);
    disk.grow("8m");
    fed.length = 0;
    await spoolBlobs(source, wanted, disk.folder, roomy);
    expect(fed).toEqual([wanted[1]?.digest]);
  });
});

describeUnless(obstacle, "a bundle on a medium that is read-only", () => {
  it("is pushed, verified and loaded while the disk for temporary files is full", async () => {
    const medium = closing(memoryDisk("8m"));
    const full = closing(memoryDisk("64k"));
    const path = join(medium.folder, "b.tar");
    writeFileSync(path, bundle.bytes);
    medium.protect();
    fill(full.folder);
    vi.stubEnv("TMPDIR", full.folder);
    closers.push(() => vi.unstubAllEnvs());
    const given = { paths: [path], partFolders: [], keyFiles: [join(folder, "key.pub")], allowUnsigned: false };
    const registry = closing(await createTestRegistry());
    const engine = createPullingEngine();

    const verified = await verifyBundle(given, createBundlePorts().ports);
    const pushed = await world.push(registry.host, { bundle: given, cacheDir: join(full.folder, "cache") });
    const ports = { ...createBundlePorts().ports, images: engine.docker as never, startHttpServer };
    const loaded = await loadBundle({ bundle: given, images: [] }, ports);

    expect([verified.ok, pushed.ok, loaded.images.map(({ state }) => state)]).toEqual([true, true, ["loaded"]]);
    expect(engine.names()).toEqual(["docker.io/slipway/postgres:1"]);
    const left = readdirSync(full.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect([readdirSync(medium.folder), left.map(({ name }) => name)]).toEqual([["b.tar"], ["others"]]);
  });
});

describeUnless(obstacle, "a disk that reports errors", () => {
  it("on writing: no bundle stands under its name, and what the disk lost is written again by the next run", async () => {
    // The disk says it has 16 MiB; the memory under it has less, so that writing back fails.
    const under = closing(memoryDisk("1m"));
    const disk = closing(diskInFile(join(under.folder, "disk"), "16M"));
    const output = join(disk.folder, "b.tar");

    const error = await refusalOf(create(output));

    expect(error.code).toBe("APPLY_FAILED");
    expect(error.message).toContain(`${output} cannot be written: the disk`);
    expect(existsSync(output)).toBe(false);
    under.grow("32m");
    const result = await create(output);
    // Memory still had the right bytes of what never reached the disk.
    expect(result.resumedBytes).toBe(0);
    disk.remount();
    await expectLikeUndisturbed(output);
  });

  it("on reading a bundle: it is refused before a request, and the file is named", async () => {
    const medium = breakingMedium(1_000_000);
    writeFileSync(medium.path, bundle.bytes);
    medium.breakIt();
    const registry = closing(await createTestRegistry());

    const error = await refusalOf(push(registry, medium.path));

    expect(error.message).toBe(`${medium.path} cannot be read: the disk or medium reports an error`);
    expect(registry.log).toEqual([]);
  });

  it("on reading one part: verify and push name it, no incomplete image gets a tag, and a good copy finishes", async () => {
    const offset = bundle.bytes.indexOf(fixtureBytes("large", 4096));
    const medium = breakingMedium(1_000_000);
    const { headerPath } = writeSplit(folder, bundle.bytes, { partSize: offset + 1_500_000 });
    const part = join(medium.folder, "bundle.tar.part001");
    copyFileSync(join(folder, "bundle.tar.part001"), part);
    rmSync(join(folder, "bundle.tar.part001"));
    medium.breakIt();
    const registry = closing(await createTestRegistry());

    const verified = await refusalOf(
      verifyBundle(
        {
          paths: [headerPath],
          partFolders: [medium.folder],
          keyFiles: [join(folder, "key.pub")],
          allowUnsigned: false,
        },
        createBundlePorts().ports,
      ),
    );
    const pushed = await push(registry, headerPath, [medium.folder]);

    expect(verified.message).toBe(`${part} cannot be read: the disk or medium reports an error`);
    expect(pushed.images[0]?.error?.message).toBe(`${part} cannot be read: the disk or medium reports an error`);
    expect([tagsIn(registry), findIncomplete(registry)]).toEqual([[], []]);
    writeFileSync(join(folder, "good.tar"), bundle.bytes);
    expect((await push(registry, join(folder, "good.tar"))).ok).toBe(true);
    expect(tagsIn(registry)).toEqual(["slipway/postgres:1"]);
  });
});

const bundle = makeBundle({ images: [{ name: "postgres", layers: ["shared", "large:3000000"] }] });

/** A disk that can be read no more from so many bytes into the large layer on. */
function breakingMedium(into: number) {
  const under = join(folder, "medium");
  const disk = closing(diskInFile(under, "16M"));
  const breakIt = (): void => {
    disk.remount();
    breakFrom(under, readFileSync(under).indexOf(fixtureBytes("large", 4096)) + into);
  };
  return { folder: disk.folder, path: join(disk.folder, "b.tar"), breakIt };
}

function push(registry: TestRegistry, path: string, partFolders: readonly string[] = []) {
  const given = { paths: [path], partFolders, keyFiles: [join(folder, "key.pub")], allowUnsigned: false };
  return world.push(registry.host, { bundle: given });
}

/** An engine that fetches what it is told to, and keeps the names. */
function createPullingEngine() {
  const named = new Map<string, string>();
  async function pullImage({ reference }: { readonly reference: string }): Promise<void> {
    const [, authority = "", name = "", digest = ""] = /^([^/]+)\/(.+)@(.+)$/.exec(reference) ?? [];
    const get = async (what: string): Promise<Buffer> =>
      Buffer.from(await (await fetch(`http://${authority}/v2/${name}/${what}`)).arrayBuffer());
    const { config, layers } = JSON.parse((await get(`manifests/${digest}`)).toString()) as {
      readonly config: { readonly digest: string };
      readonly layers: readonly { readonly digest: string }[];
    };
    for (const blob of [config, ...layers]) expect(digestOf(await get(`blobs/${blob.digest}`))).toBe(blob.digest);
    named.set(reference, config.digest);
  }
  const docker = {
    info: () => Promise.resolve({ architecture: "x86_64", dataRoot: "/nowhere" }),
    imageIds: (references: readonly string[]) =>
      Promise.resolve(new Map(references.flatMap((name) => (named.has(name) ? [[name, named.get(name)]] : [])))),
    imageDigests: () => Promise.resolve([]),
    pullImage,
    tagImage: (from: string, to: string) => Promise.resolve(void named.set(to, named.get(from) ?? "")),
    removeImageReference: (name: string) => Promise.resolve(void named.delete(name)),
  };
  return { docker, names: () => [...named.keys()] };
}

async function fromRegistry(): Promise<Partial<BundleCreateRequest>> {
  const registry = closing(await createTestRegistry());
  const references = Object.entries(images).map(([reference, image]) => {
    const { repository, tag } = parseReference(reference);
    seedImage(registry.store, repository, image, tag);
    return `${registry.host}/${repository}:${tag ?? ""}`;
  });
  return { from: ["registry"], images: references };
}

/** A source that hands two layers over in its own order. */
function feeding(size = 500_000) {
  const layers = ["one", "two"].map((seed) => fixtureBytes(seed, size));
  const made = makeBundle({ images: [{ name: "x", layers: [`one:${size}`, `two:${size}`] }] });
  const wanted = layers.map((bytes) => {
    const [digest = ""] = [...made.blobs].find(([, blob]) => blob.equals(bytes)) ?? [];
    return { mediaType: "application/vnd.oci.image.layer.v1.tar", digest, size };
  });
  const fed: string[] = [];
  const source: ImageSource = {
    kind: "engine",
    name: "the engine",
    resolve: () => Promise.resolve(undefined),
    content: { open: () => Promise.reject(new Error("only fed")) },
    feed: async (asked, take) => {
      for (const descriptor of asked) {
        fed.push(descriptor.digest);
        await take(descriptor, Readable.from([made.blobs.get(descriptor.digest) ?? Buffer.alloc(0)]));
      }
    },
    close: () => Promise.resolve(),
  };
  return { source, wanted, fed };
}
