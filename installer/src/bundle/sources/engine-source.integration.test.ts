import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { mustRun, runChild } from "../../../test/support/child.ts";
import { runPrefix } from "../../../test/support/platform.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { childrenOf, parseManifest } from "../../oci/manifest.ts";
import { createDockerEngine } from "../../platform/docker-engine.ts";
import { createExec } from "../../platform/exec.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import { formatTarEnd, formatTarHeader, tarPadding } from "../tar/tar-header.ts";
import { createEngineSource } from "./engine-source.ts";

const amd64 = { os: "linux", architecture: "amd64" };
const never = new AbortController().signal;
const [base, one, two] = ["base", "one", "two"].map((name) => `${runPrefix}source-${name}:1`) as [
  string,
  string,
  string,
];
const docker = createDockerEngine({ env: process.env, exec: createExec(process.env) });
let folder: string;

function fileIn(tar: string, name: string, data: Buffer): void {
  writeFileSync(
    join(folder, tar),
    Buffer.concat([
      formatTarHeader({ name, size: data.length }),
      data,
      Buffer.alloc(tarPadding(data.length)),
      formatTarEnd(),
    ]),
  );
}

/** The base with one more layer, without a build: nothing is run. */
async function derive(image: string, data: string): Promise<void> {
  const container = (await mustRun("docker", ["create", base, "/none"])).trim();
  try {
    writeFileSync(join(folder, "more"), data);
    await mustRun("docker", ["cp", join(folder, "more"), `${container}:/more`]);
    await mustRun("docker", ["commit", container, image]);
  } finally {
    await mustRun("docker", ["rm", container]);
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-engine-source-"));
  fileIn("base.tar", "large", Buffer.alloc(30_000_000, "x"));
  await mustRun("docker", ["import", join(folder, "base.tar"), base]);
  await derive(one, "one");
  await derive(two, "two");
});

afterAll(async () => {
  await runChild("docker", ["rmi", one, two, base]);
  rmSync(folder, { recursive: true, force: true });
});

function openSource(cache: string) {
  const request = { references: [one, two], cacheDir: join(folder, cache), signal: never };
  return createEngineSource(request, { docker, fs: createFileSystem() });
}

type Source = ReturnType<typeof openSource>;

async function blobsOf(source: Source): Promise<ReadonlyMap<string, Descriptor>> {
  const blobs = new Map<string, Descriptor>();
  for (const reference of [one, two]) {
    const found = await source.resolve(reference, [amd64]);
    if (found === undefined) throw new Error(`${reference} is not there`);
    const bytes = await buffer(await source.content.open(found.root));
    const manifest = parseManifest(bytes, (problem) => new Error(problem));
    for (const descriptor of [found.root, ...childrenOf(manifest)]) blobs.set(descriptor.digest, descriptor);
  }
  return blobs;
}

describe("createEngineSource with the engine of this machine", () => {
  it("hands over every blob once, with the bytes its digest names, and keeps the image's id", async () => {
    const source = openSource("first");
    const blobs = await blobsOf(source);
    const taken: string[] = [];

    await source.feed?.(
      [...blobs.values()],
      async (descriptor, bytes) => {
        const hash = createHash("sha256");
        let size = 0;
        for await (const chunk of bytes as AsyncIterable<Buffer>) {
          hash.update(chunk);
          size += chunk.length;
        }
        expect({ digest: `sha256:${hash.digest("hex")}`, size }).toEqual({
          digest: descriptor.digest,
          size: descriptor.size,
        });
        taken.push(descriptor.digest);
      },
      never,
    );

    expect(taken.toSorted()).toEqual([...blobs.keys()].toSorted());
    // Two manifests, two configurations, the shared layer and one of each.
    expect(taken).toHaveLength(7);
    expect(taken).toContain(await docker.imageId(one));
  });

  it("says the same of the images in every run, with and without what it remembers", async () => {
    const [remembered, again] = [await blobsOf(openSource("first")), await blobsOf(openSource("second"))];

    expect(remembered).toEqual(again);
  });

  it("opens a part of one layer", async () => {
    const source = openSource("first");
    const large = [...(await blobsOf(source)).values()].find(({ size }) => size > 30_000_000);

    const part = await buffer(await source.content.open(large!, { start: 1_000_000, end: 1_000_100 }));

    expect(part.equals(Buffer.alloc(100, "x"))).toBe(true);
  });
});
