import { randomBytes } from "node:crypto";
import { afterEach, expect, it } from "vitest";
import { describeUnless } from "../support/unless.ts";
import { type LoadableImage, loadImages, type LoadPorts } from "../../src/actions/bundle/load-images.ts";
import type { InstallerEvent } from "../../src/events/event.ts";
import { startHttpServer } from "../../src/platform/http-server.ts";
import { realPorts } from "../support/real-ports.ts";
import { ContentStore } from "./content-store.ts";

const platform = realPorts(process.env);
const engineAnswers = await platform.docker.info().then(
  () => true,
  () => false,
);
const prefix = `slipway-load-test-${randomBytes(4).toString("hex")}`;
const given = new Set<string>();

afterEach(async () => {
  for (const reference of given) await platform.docker.removeImageReference(reference);
  given.clear();
});

interface World {
  readonly ports: LoadPorts;
  readonly events: InstallerEvent[];
}

function world(more: Partial<LoadPorts> = {}): World {
  const events: InstallerEvent[] = [];
  const ports: LoadPorts = {
    ...platform,
    environment: process.env,
    report: (event) => events.push(event),
    signal: new AbortController().signal,
    startHttpServer,
    ...more,
  };
  return { ports, events };
}

function imagesOf(store: ContentStore): readonly LoadableImage[] {
  const shared = ["shared", `the same in all ${prefix}`] as const;
  return ["one", "two", "three", "four"].map((name, index) => {
    const { manifest, config } = store.image([shared, [name, `only in ${name} ${prefix}`]], index % 2 === 0);
    const reference = `docker.io/${prefix}/${name}:1`;
    given.add(reference);
    return { reference, manifest, ids: [config, manifest.digest] };
  });
}

async function namesOnLoopback(references: readonly string[]): Promise<readonly string[]> {
  const digests = await Promise.all(references.map((reference) => platform.docker.imageDigests(reference)));
  return digests.flat();
}

describeUnless(engineAnswers ? undefined : "no engine answers", "loading images into an engine", () => {
  it("gives it what it lacks by a registry on loopback, and leaves no other name behind", async () => {
    const store = new ContentStore();
    const images = imagesOf(store);
    const { ports } = world();

    const outcome = await loadImages(images, store.content, ports);

    expect(outcome.way).toBe("registry");
    expect(outcome.images.map((image) => image.state)).toEqual(Array(4).fill("loaded"));
    expect(outcome.images.map((image) => image.imageId)).toEqual(images.map((image) => image.ids[0]));
    expect(await namesOnLoopback(images.map((image) => image.reference))).toEqual([]);
  });

  it("does nothing for images that are there, and opens no blob", async () => {
    const store = new ContentStore();
    const images = imagesOf(store);
    await loadImages(images, store.content, world().ports);
    store.opened.length = 0;

    const outcome = await loadImages(images, store.content, world().ports);

    expect(outcome).toMatchObject({ way: "none", images: Array(4).fill({ state: "present" }) });
    expect(store.opened).toEqual([]);
  });

  it("lets layers that the engine has stay where they are", async () => {
    const store = new ContentStore();
    const images = imagesOf(store);
    await loadImages(images.slice(1, 2), store.content, world().ports);
    store.opened.length = 0;

    await loadImages(images.slice(3), store.content, world().ports);

    const [shared, own] = layersOf(store, images[3]);
    expect(store.opened).toContain(own);
    expect(store.opened).not.toContain(shared);
  });

  it("falls back to one stream when the engine cannot reach it", async () => {
    const store = new ContentStore();
    const images = imagesOf(store);
    const unreachable: typeof startHttpServer = async (handle, options) => {
      const server = await startHttpServer(handle, options);
      await server.close();
      return { ...server, close: () => Promise.resolve() };
    };
    const { ports, events } = world({ startHttpServer: unreachable });

    const outcome = await loadImages(images, store.content, ports);

    expect(outcome.way).toBe("archive");
    expect(outcome.images.map((image) => image.imageId)).toEqual(images.map((image) => image.ids[0]));
    expect(events).toContainEqual(expect.objectContaining({ type: "note" }));
  });

  it.for(["registry", "archive"])("names the blob that is damaged, and gives the image no name (%s)", async (way) => {
    const store = new ContentStore();
    const images = imagesOf(store).slice(1, 2);
    const [, own = ""] = layersOf(store, images[0]);
    const bytes = Buffer.from(store.blobs.get(own) ?? "");
    bytes[600] = (bytes[600] ?? 0) ^ 1;
    store.blobs.set(own, bytes);
    const closed: typeof startHttpServer = async (handle, options) => {
      const server = await startHttpServer(handle, options);
      await server.close();
      return { ...server, close: () => Promise.resolve() };
    };

    const load = loadImages(images, store.content, world(way === "archive" ? { startHttpServer: closed } : {}).ports);

    await expect(load).rejects.toThrow(own);
    expect(await platform.docker.imageId(images[0]?.reference ?? "")).toBeUndefined();
  });

  it("says how much space is lacking before anything is sent", async () => {
    const store = new ContentStore();
    const images = imagesOf(store);
    const fs = { ...platform.fs, freeBytes: () => Promise.resolve(1000) };
    const { dataRoot } = await platform.docker.info();

    const load = loadImages(images, store.content, world({ fs }).ports);

    if (!(await platform.fs.exists(dataRoot))) return;
    await expect(load).rejects.toThrow(dataRoot);
    expect(await platform.docker.imageIds(images.map((image) => image.reference))).toEqual(new Map());
  });

  it("removes the momentary name that a killed run left", async () => {
    const store = new ContentStore();
    const [image] = imagesOf(store);
    if (image === undefined) throw new Error("no image");
    const untagged = { ...platform.docker, tagImage: () => Promise.reject(new Error("killed")) };
    await expect(loadImages([image], store.content, world({ images: untagged }).ports)).rejects.toThrow("killed");

    const outcome = await loadImages([image], store.content, world().ports);

    expect(outcome.images[0]?.state).toBe("loaded");
    expect(await namesOnLoopback([image.reference])).toEqual([]);
  });
});

function layersOf(store: ContentStore, image: LoadableImage | undefined): readonly string[] {
  const text = store.blobs.get(image?.manifest.digest ?? "")?.toString() ?? "";
  return (JSON.parse(text) as { layers: { digest: string }[] }).layers.map((layer) => layer.digest);
}
