import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { collect, connectTo } from "../../test/stand-ins/registry/connect.ts";
import { createTestRegistry, type TestRegistry } from "../../test/stand-ins/registry/create-test-registry.ts";
import {
  seedImage,
  syntheticBytes,
  syntheticImage,
  syntheticIndex,
} from "../../test/stand-ins/registry/synthetic-image.ts";
import type { ImageSource } from "../oci/content.ts";
import { type Descriptor, mediaTypes } from "../oci/descriptor.ts";
import { digestOf, hexOf } from "../oci/digest.ts";
import { fallbackTagOf } from "./fallback-tag.ts";
import type { RegistryClient, StoredManifest } from "./registry-client.ts";
import { createRegistrySource } from "./registry-source.ts";

const amd64 = syntheticImage("a", [syntheticBytes("amd64 layer", 5000)]);
const arm64 = syntheticImage("b", [syntheticBytes("arm64 layer", 5000)], "arm64");
const index = syntheticIndex([amd64, arm64]);
const platform = { os: "linux", architecture: "amd64" };

let registry: TestRegistry;
let client: RegistryClient;
let source: ImageSource;

async function start(referrersApi = false): Promise<void> {
  registry = await createTestRegistry({ referrersApi });
  client = connectTo(registry);
  source = createRegistrySource({ client: () => client });
  seedImage(registry.store, "team/app", index, "1.0");
}

beforeEach(() => start());

afterEach(async () => {
  client.close();
  await registry.close();
});

/** A manifest attached to another, with one blob of its own. */
function attachment(subject: Descriptor, artifactType: string): StoredManifest {
  const blob = registry.store.addBlob("team/app", Buffer.from(`payload of ${artifactType}`));
  const empty = registry.store.addBlob("team/app", Buffer.from("{}"));
  const bytes = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: mediaTypes.ociManifest,
      artifactType,
      config: { mediaType: "application/vnd.oci.empty.v1+json", digest: empty, size: 2 },
      layers: [{ mediaType: artifactType, digest: blob, size: Buffer.from(`payload of ${artifactType}`).length }],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    }),
  );
  const descriptor = { mediaType: mediaTypes.ociManifest, digest: digestOf(bytes), size: bytes.length };
  return { descriptor, bytes };
}

describe("an image", () => {
  test("is resolved by tag with its index kept, and all of it can be opened", async () => {
    const found = await source.resolve(`${registry.host}/team/app:1.0`, [platform]);

    expect(found?.root).toEqual(index.root);
    for (const { descriptor, bytes } of [...amd64.manifests, ...arm64.manifests, ...index.blobs]) {
      expect((await collect(await source.content.open(descriptor))).equals(bytes)).toBe(true);
    }
  });

  test("is resolved by digest whatever the tag says", async () => {
    const reference = `${registry.host}/team/app:moved@${amd64.root.digest}`;

    const found = await source.resolve(reference, [platform]);

    expect(found).toMatchObject({ reference, root: { digest: amd64.root.digest } });
  });

  test("that is not there is undefined", async () => {
    expect(await source.resolve(`${registry.host}/team/app:2.0`, [platform])).toBeUndefined();
    expect(await source.resolve(`${registry.host}/nobody/app:1.0`, [platform])).toBeUndefined();
  });

  test("has its manifests read once", async () => {
    await source.resolve(`${registry.host}/team/app:1.0`, [platform]);
    registry.clearLog();

    await collect(await source.content.open(amd64.root));
    await collect(await source.content.open(index.root, { start: 1, end: 5 }));

    expect(registry.log).toEqual([]);
  });

  test("gives parts of blobs and of manifests", async () => {
    await source.resolve(`${registry.host}/team/app:1.0`, [platform]);
    const layer = amd64.blobs[1]!;

    const part = await collect(await source.content.open(layer.descriptor, { start: 100, end: 200 }));
    const head = await collect(await source.content.open(index.root, { start: 0, end: 5 }));

    expect(part.equals(layer.bytes.subarray(100, 200))).toBe(true);
    expect(head.equals(index.manifests.at(-1)!.bytes.subarray(0, 5))).toBe(true);
    await expect(source.content.open(layer.descriptor, { start: 0, end: 5001 })).rejects.toThrow(/no bytes 0 to 5001/);
  });

  test("that was not looked up cannot be opened, and its digest is named", async () => {
    await expect(source.content.open(amd64.root)).rejects.toThrow(amd64.root.digest);
  });

  test("whose manifest is not a manifest is refused by name", async () => {
    registry.store.addManifest("team/app", Buffer.from('{"schemaVersion":1}'), mediaTypes.dockerManifest, "old");

    await expect(source.resolve(`${registry.host}/team/app:old`, [platform])).rejects.toThrow(
      /old of team\/app on .* is not a manifest of schema version 2/,
    );
  });
});

describe("what is attached to an image", () => {
  test.each([true, false])("is found and can be opened (referrers API: %s)", async (referrersApi) => {
    client.close();
    await registry.close();
    await start(referrersApi);
    const sbom = attachment(amd64.root, "application/spdx+json");
    await client.putManifest("team/app", sbom.descriptor.digest, sbom);

    const found = await source.resolve(`${registry.host}/team/app:1.0`, [platform]);

    expect(found?.referrers.map(({ descriptor, subject }) => [descriptor.digest, subject])).toEqual([
      [sbom.descriptor.digest, amd64.root.digest],
    ]);
    const bytes = await collect(await source.content.open(found!.referrers[0]!.descriptor));
    expect(bytes.equals(sbom.bytes)).toBe(true);
    const layers = (JSON.parse(bytes.toString()) as { layers: Descriptor[] }).layers;
    expect((await collect(await source.content.open(layers[0]!))).toString()).toBe("payload of application/spdx+json");
  });

  test.each([true, false])("may have been signed in its turn (referrers API: %s)", async (referrersApi) => {
    client.close();
    await registry.close();
    await start(referrersApi);
    const sbom = attachment(index.root, "application/spdx+json");
    const attested = attachment(sbom.descriptor, "application/vnd.in-toto+json");
    const tag = `sha256-${hexOf(sbom.descriptor.digest)}.sig`;
    for (const one of [sbom, attested]) await client.putManifest("team/app", one.descriptor.digest, one);
    const signature = syntheticImage("signature", [syntheticBytes("signature", 100)]);
    seedImage(registry.store, "team/app", signature, tag);

    const found = await source.resolve(`${registry.host}/team/app:1.0`, [platform]);

    expect(found?.referrers.map(({ descriptor, subject, tag: own }) => [descriptor.digest, subject, own])).toEqual([
      [sbom.descriptor.digest, index.root.digest, undefined],
      [signature.root.digest, sbom.descriptor.digest, tag],
      [attested.descriptor.digest, sbom.descriptor.digest, undefined],
    ]);
  });

  test("by cosign's tags is found with its tag", async () => {
    const signature = syntheticImage("signature", [syntheticBytes("signature", 100)]);
    seedImage(registry.store, "team/app", signature, `sha256-${hexOf(index.root.digest)}.sig`);

    const found = await source.resolve(`${registry.host}/team/app:1.0`, [platform]);

    expect(found?.referrers).toEqual([
      {
        descriptor: expect.objectContaining({ digest: signature.root.digest }) as Descriptor,
        tag: `sha256-${hexOf(index.root.digest)}.sig`,
        subject: index.root.digest,
      },
    ]);
  });

  test("is not looked for when told so", async () => {
    const plain = createRegistrySource({ client: () => client, referrers: false });

    await plain.resolve(`${registry.host}/team/app:1.0`, [platform]);

    expect(registry.requests(undefined, /referrers|sha256-/)).toEqual([]);
  });
});

test("what refers to a platform is found where the index tells no platforms", async () => {
  const untold = syntheticIndex(
    [amd64, arm64].map(({ root: { mediaType, digest, size }, ...image }) => ({
      ...image,
      root: { mediaType, digest, size },
    })),
  );
  seedImage(registry.store, "team/app", untold, "2.0");
  const one = attachment(amd64.root, "a/a");
  await client.putManifest("team/app", one.descriptor.digest, one);

  const found = await source.resolve(`${registry.host}/team/app:2.0`, [platform]);

  expect(found?.referrers).toMatchObject([
    { descriptor: { digest: one.descriptor.digest }, subject: amd64.root.digest },
  ]);
});

test("referrers are read over many pages", async () => {
  client.close();
  await registry.close();
  registry = await createTestRegistry({ referrersApi: true, referrersPage: 2 });
  client = connectTo(registry);
  seedImage(registry.store, "team/app", index, "1.0");
  const attachments = ["a/a", "b/b", "c/c", "d/d", "e/e"].map((type) => attachment(index.root, type));
  for (const one of attachments) await client.putManifest("team/app", one.descriptor.digest, one);

  const listed = await client.referrers("team/app", index.root.digest);

  expect(listed.map(({ descriptor }) => descriptor.digest).toSorted()).toEqual(
    attachments.map(({ descriptor }) => descriptor.digest).toSorted(),
  );
});

test("a list of referrers that is null is an empty one", async () => {
  const empty = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests: null }));
  registry.store.addManifest("team/app", empty, mediaTypes.ociIndex, fallbackTagOf(index.root.digest));

  expect(await client.referrers("team/app", index.root.digest)).toEqual([]);
});

describe("a registry without the referrers API", () => {
  test("has every attachment in the tag that stands in for it, also when sent at the same time", async () => {
    const attachments = ["a/a", "b/b", "c/c"].map((type) => attachment(index.root, type));

    await Promise.all(attachments.map((one) => client.putManifest("team/app", one.descriptor.digest, one)));
    await client.putManifest("team/app", attachments[0]!.descriptor.digest, attachments[0]!);

    const listed = await client.referrers("team/app", index.root.digest);
    expect(listed.map(({ descriptor }) => descriptor.digest).sort()).toEqual(
      attachments.map(({ descriptor }) => descriptor.digest).sort(),
    );
    expect(registry.store.tagsOf.get("team/app")?.has(fallbackTagOf(index.root.digest))).toBe(true);
  });

  test("with nonsense under that tag is refused by name", async () => {
    const tag = fallbackTagOf(index.root.digest);
    registry.store.addManifest("team/app", Buffer.from("{}"), mediaTypes.ociIndex, tag);

    await expect(client.referrers("team/app", index.root.digest)).rejects.toThrow(tag);
  });
});

test("tags are listed over many pages", async () => {
  for (let number = 0; number < 2500; number += 1) {
    registry.store.addManifest("team/many", Buffer.from("{}"), mediaTypes.ociManifest, `t${number}`);
  }

  expect(await client.tags("team/many")).toHaveLength(2500);
});
