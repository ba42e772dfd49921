import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, it } from "vitest";
import { describeUnless } from "../../../test/support/unless.ts";
import { mustRun } from "../../../test/support/child.ts";
import { type PrivateEngine, privateEngineObstacle, startPrivateEngine } from "../../../test/support/private-engine.ts";
import { type Descriptor, mediaTypes } from "../../oci/descriptor.ts";
import { digestOf, hexOf } from "../../oci/digest.ts";
import { createDockerEngine } from "../../platform/docker-engine.ts";
import { createExec } from "../../platform/exec.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import { gatherImage } from "../gather-image.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "../tar/tar-header.ts";
import { createEngineSource } from "./engine-source.ts";

const obstacle = await privateEngineObstacle();
if (obstacle !== undefined) console.log(`skipped: the containerd store is not tried, ${obstacle}`);

const amd64 = { os: "linux", architecture: "amd64" };
const reference = "docker.io/test/multi:1";
/** The engine of the tests has a graph driver; this one is told to use the containerd store. */
const prepare = `echo '{"features":{"containerd-snapshotter":true}}' > daemon.json
dockerd() { command dockerd --config-file "$PWD/daemon.json" "$@" --storage-driver overlayfs; }`;

function tarOf(files: ReadonlyMap<string, Buffer>): Buffer {
  const parts = [...files].flatMap(([name, data]) => [
    formatTarHeader({ name, size: data.length }),
    data,
    Buffer.alloc(tarPadding(data.length)),
  ]);
  return Buffer.concat([...parts, formatTarEnd()]);
}

const archive = new Map<string, Buffer>([["oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')]]);

function put(mediaType: string, data: Buffer): Descriptor {
  archive.set(`blobs/sha256/${hexOf(digestOf(data))}`, data);
  return { mediaType, digest: digestOf(data), size: data.length };
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

function manifestFor(architecture: string) {
  const layer = tarOf(new Map([["file", Buffer.from(architecture.repeat(1000))]]));
  const rootfs = { type: "layers", diff_ids: [digestOf(layer)] };
  const config = put(mediaTypes.ociConfig, json({ os: "linux", architecture, config: {}, rootfs }));
  const layers = [put(mediaTypes.ociLayerGzip, gzipSync(layer))];
  const manifest = json({ schemaVersion: 2, mediaType: mediaTypes.ociManifest, config, layers });
  return { layers, descriptor: { ...put(mediaTypes.ociManifest, manifest), platform: { os: "linux", architecture } } };
}

const platforms = ["amd64", "arm64"].map(manifestFor);
const manifests = platforms.map(({ descriptor }) => descriptor);
const index = put(mediaTypes.ociIndex, json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests }));
const annotations = { "io.containerd.image.name": reference, "org.opencontainers.image.ref.name": "1" };
archive.set("index.json", json({ schemaVersion: 2, manifests: [{ ...index, annotations }] }));

describeUnless(obstacle, "createEngineSource with an engine that has the containerd store", () => {
  let engine: PrivateEngine;

  beforeAll(async () => {
    engine = await startPrivateEngine([], prepare);
    const path = join(engine.folder, "multi.tar");
    writeFileSync(path, tarOf(archive));
    await mustRun("docker", ["load", "--input", path], { env: { ...process.env, ...engine.environment } });
  });

  afterAll(async () => {
    await engine.dispose();
  });

  it("hands out index, manifests and compressed layers as they came in, of all platforms", async () => {
    const env = { ...process.env, ...engine.environment };
    const source = createEngineSource(
      { references: [reference], cacheDir: join(engine.folder, "cache"), signal: new AbortController().signal },
      { docker: createDockerEngine({ env, exec: createExec(env) }), fs: createFileSystem() },
    );
    const wanted = platforms.map(({ descriptor }) => descriptor.platform);

    const found = await source.resolve(reference, wanted);
    const image = await gatherImage(reference, source, found!, wanted);
    const taken = new Map<string, Buffer>();
    await source.feed?.(
      image.blobs.map(({ descriptor }) => descriptor),
      async ({ digest }, bytes) => void taken.set(digest, await buffer(bytes)),
      new AbortController().signal,
    );

    expect(found?.root).toEqual(index);
    expect(image.root).toEqual(index);
    expect(image.platforms.map(({ layers }) => layers)).toEqual(platforms.map(({ layers }) => layers));
    expect([...taken.keys()].toSorted()).toEqual(
      [...archive.keys()]
        .filter((path) => path.startsWith("blobs/"))
        .map((path) => `sha256:${path.slice(13)}`)
        .toSorted(),
    );
    for (const [digest, bytes] of taken) expect(digestOf(bytes)).toBe(digest);
  });

  it("is narrowed to one platform like any index", async () => {
    const env = { ...process.env, ...engine.environment };
    const source = createEngineSource(
      { references: [reference], cacheDir: join(engine.folder, "cache"), signal: new AbortController().signal },
      { docker: createDockerEngine({ env, exec: createExec(env) }), fs: createFileSystem() },
    );

    const found = await source.resolve(reference, [amd64]);
    const image = await gatherImage(reference, source, found!, [amd64]);

    expect(image).toMatchObject({ root: { digest: manifests[0]?.digest }, parentIndex: index.digest });
  });
});
