import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createHttp } from "../platform/http-client.ts";
import { createClock } from "../platform/clock.ts";
import { createSeededRandom } from "../../test/support/memory-ports.ts";
import { createTestRegistry, type TestRegistry } from "../../test/stand-ins/registry/create-test-registry.ts";
import { seedImage, syntheticBytes, syntheticImage } from "../../test/stand-ins/registry/synthetic-image.ts";
import { createRegistryClient } from "./create-registry-client.ts";
import type { RegistryClient } from "./registry-client.ts";

let registry: TestRegistry;
let client: RegistryClient;

beforeEach(async () => {
  registry = await createTestRegistry();
  client = createRegistryClient({
    host: registry.host,
    http: createHttp({ connections: 4, environment: {} }),
    clock: createClock(),
    random: createSeededRandom(),
    signal: new AbortController().signal,
  });
});

afterEach(async () => {
  client.close();
  await registry.close();
});

function placement(repository: string, bytes: Buffer, digest: string) {
  return {
    repository,
    descriptor: { mediaType: "application/octet-stream", digest, size: bytes.length },
    open: () => Promise.resolve(Readable.from([bytes])),
    checkFirst: false,
    signal: new AbortController().signal,
  };
}

describe("a registry that works", () => {
  test("takes an image and gives it back, in the fewest requests", async () => {
    const image = syntheticImage("a", [syntheticBytes("layer", 300_000)]);

    for (const { descriptor, bytes } of image.blobs) {
      expect(await client.placeBlob(placement("team/app", bytes, descriptor.digest))).toBe("sent");
    }
    for (const manifest of image.manifests) await client.putManifest("team/app", "1.0", manifest);

    expect(registry.log.map(({ method }) => method)).toEqual(["POST", "PUT", "POST", "PUT", "PUT"]);
    expect(await client.headManifest("team/app", "1.0")).toMatchObject({ digest: image.root.digest });
    expect(await client.tags("team/app")).toEqual(["1.0"]);
    const stored = await client.getManifest("team/app", image.root.digest);
    expect(stored?.bytes).toEqual(image.manifests[0]?.bytes);
    const chunks: Buffer[] = [];
    for await (const chunk of await client.openBlob("team/app", image.blobs[1]!.descriptor))
      chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(image.blobs[1]!.bytes)).toBe(true);
  });

  test("mounts what another repository has", async () => {
    const image = syntheticImage("a", [syntheticBytes("layer", 1000)]);
    seedImage(registry.store, "team/app", image, "1.0");
    const { descriptor, bytes } = image.blobs[1]!;

    const outcome = await client.placeBlob({
      ...placement("team/other", bytes, descriptor.digest),
      mountFrom: "team/app",
    });

    expect(outcome).toBe("mounted");
    expect(registry.bytesReceived()).toBe(0);
  });
});
