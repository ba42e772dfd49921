import { ApplyError, InstallerError, PreflightError, RegistryError } from "../../errors/installer-error.ts";
import { dockerArchive } from "../../bundle/docker-archive.ts";
import { throwIfInterrupted } from "../../execute/interrupt.ts";
import type { Content } from "../../oci/content.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { type ImageManifest, parseManifest } from "../../oci/manifest.ts";
import type { RunningServer, StartHttpServer } from "../../platform/http-server.ts";
import { familiarReference, parseReference } from "../../oci/reference.ts";
import { createRegistryHandler, type ServedContent } from "../../registry/serve/handle-request.ts";
import { indexImages, readManifestBytes, servedName } from "../../registry/serve/served-images.ts";
import type { ActionPorts } from "../context.ts";
import { unpackedSize } from "./unpacked-size.ts";

/** An image for the engine: one platform of it. */
export interface LoadableImage {
  /** What it is to be called, in full. */
  readonly reference: string;
  readonly manifest: Descriptor;
  /** The image's id in the engine: of the configuration with graph drivers, of manifest or index with the containerd store. */
  readonly ids: readonly string[];
}

export interface LoadedImage {
  readonly reference: string;
  readonly state: "present" | "loaded";
  readonly imageId: string;
}

export interface LoadOutcome {
  readonly images: readonly LoadedImage[];
  /** How the bytes went: the engine fetched what it lacked, or took a stream of everything that was missing. */
  readonly way: "registry" | "archive" | "none";
}

/** Content that knows what it has: a delta without its base has not everything. */
export interface LoadContent extends ServedContent {
  readonly has?: (digest: string) => boolean;
}

export type LoadPorts = Pick<ActionPorts, "images" | "fs" | "report" | "signal" | "environment"> & {
  readonly startHttpServer: StartHttpServer;
};

const pullsAtOnce = 3;
/** First part of the names that images have for the moment between pull and tag. */
const momentary = "slipway-load";

/**
 * Gives the engine those images that it lacks under their reference; others are not touched. The engine fetches them from
 * a registry on loopback, so that layers it has do not travel; where it cannot reach that, it takes one stream.
 * @throws PreflightError when the engine's disk cannot hold them; ApplyError, RegistryError or BundleError naming the image
 */
export async function loadImages(
  images: readonly LoadableImage[],
  content: LoadContent,
  ports: LoadPorts,
): Promise<LoadOutcome> {
  const before = await ports.images.imageIds(images.map((image) => image.reference));
  const isPresent = (image: LoadableImage): boolean => image.ids.includes(before.get(image.reference) ?? "");
  const missing = images.filter((image) => !isPresent(image));
  for (const image of images.filter(isPresent)) item(ports, image, "unchanged");
  const way = missing.length === 0 ? "none" : await loadMissing(missing, content, ports);
  const after = await ports.images.imageIds(images.map((image) => image.reference));
  return {
    way,
    images: images.map((image) => ({
      reference: image.reference,
      state: missing.includes(image) ? "loaded" : "present",
      imageId: requireId(image, after.get(image.reference)),
    })),
  };
}

function requireId(image: LoadableImage, id: string | undefined): string {
  if (id !== undefined && image.ids.includes(id)) return id;
  throw new ApplyError(`${image.reference} was loaded, but the engine has ${id ?? "nothing"} under this name`, {
    hint: "somebody else may have given the name to another image; run the same command again",
  });
}

async function loadMissing(
  missing: readonly LoadableImage[],
  content: LoadContent,
  ports: LoadPorts,
): Promise<"registry" | "archive"> {
  const manifests = new Map<string, ImageManifest>();
  for (const image of missing) manifests.set(image.manifest.digest, await readImage(image, content));
  await requireBlobs([...manifests.values()], content);
  await requireSpace([...manifests.values()], content, ports);
  if (await pullAll(missing, content, ports)) {
    // The containerd store leaves out layers that it has unpacked from other bytes, and then does not list the image.
    const listed = await ports.images.imageIds(missing.map((image) => image.reference));
    const unlisted = missing.filter((image) => !listed.has(image.reference));
    if (unlisted.length > 0) await loadArchive(unlisted, manifests, content, ports);
    return "registry";
  }
  ports.report({
    type: "note",
    message: "the engine does not reach this program on loopback; the images go to it as one stream",
  });
  await loadArchive(missing, manifests, content, ports);
  return "archive";
}

async function loadArchive(
  images: readonly LoadableImage[],
  manifests: ReadonlyMap<string, ImageManifest>,
  content: Content,
  ports: LoadPorts,
): Promise<void> {
  const archived = images.map((image) => ({
    tag: familiarReference(image.reference),
    reference: image.reference,
    descriptor: image.manifest,
    manifest: manifests.get(image.manifest.digest) ?? { config: image.manifest, layers: [] },
  }));
  for (const image of images) item(ports, image, "starting");
  const archive = dockerArchive(archived, content);
  await ports.images.loadImages(archive, () => undefined, ports.signal).finally(() => archive.destroy());
  for (const image of images) item(ports, image, "done");
}

/**
 * Makes sure that every image the engine lacks is whole in the content; nothing is changed.
 * @throws BundleError naming what is missing, of a delta with what it builds on
 */
export async function requireLoadable(
  images: readonly LoadableImage[],
  content: LoadContent,
  ports: Pick<LoadPorts, "images">,
): Promise<void> {
  const present = await ports.images.imageIds(images.map((image) => image.reference));
  const missing = images.filter((image) => !image.ids.includes(present.get(image.reference) ?? ""));
  const manifests: ImageManifest[] = [];
  for (const image of missing) manifests.push(await readImage(image, content));
  await requireBlobs(manifests, content);
}

/** Nothing is begun that cannot be finished; who has not the blob says best what is missing. */
async function requireBlobs(manifests: readonly ImageManifest[], content: LoadContent): Promise<void> {
  const { has } = content;
  if (has === undefined) return;
  const lacking = manifests.flatMap(({ config, layers }) => [config, ...layers]).find(({ digest }) => !has(digest));
  if (lacking !== undefined) (await content.open(lacking)).destroy();
}

async function readImage(image: LoadableImage, content: Content): Promise<ImageManifest> {
  const toError = (problem: string): Error => new RegistryError(`the manifest of ${image.reference} ${problem}`);
  const manifest = parseManifest(await readManifestBytes(image.manifest, content), toError);
  if (manifest.kind === "image") return manifest;
  throw toError("is an index, not that of one image");
}

/** @returns false when the engine never came to us: it is in another network, or on another machine */
async function pullAll(missing: readonly LoadableImage[], content: ServedContent, ports: LoadPorts): Promise<boolean> {
  const server = await serve(missing, content, ports);
  try {
    const [first, ...others] = missing;
    if (first !== undefined && !(await reaches(first, server, ports))) return false;
    const queue = [...others];
    const work = async (): Promise<void> => {
      for (let image = queue.shift(); image !== undefined; image = queue.shift()) {
        await pullOne(image, server, ports).catch((error: unknown) => {
          queue.length = 0;
          throw error;
        });
      }
    };
    const results = await Promise.allSettled(Array.from({ length: pullsAtOnce }, work));
    for (const result of results) if (result.status === "rejected") throw server.fault() ?? result.reason;
    return true;
  } finally {
    await server.running.close();
  }
}

interface Serving {
  readonly running: RunningServer;
  readonly requests: () => number;
  /** What was wrong with the content: of more use than what the engine says about it. */
  readonly fault: () => Error | undefined;
  /** Aborted at a fault: the engine would ask again and again. */
  readonly signal: AbortSignal;
}

async function serve(images: readonly LoadableImage[], content: ServedContent, ports: LoadPorts): Promise<Serving> {
  const servable = images.map(({ reference, manifest }) => ({ reference, root: manifest, referrers: [] }));
  const handle = createRegistryHandler(await indexImages(servable, content, () => true), content);
  let requests = 0;
  let fault: Error | undefined;
  const stop = new AbortController();
  const running = await ports.startHttpServer(
    (request) => {
      requests += 1;
      return handle({ ...request, target: request.target.replace(`/v2/${momentary}/`, "/v2/") });
    },
    {
      host: "127.0.0.1",
      port: 0,
      onError: (error) => {
        if (!(error instanceof InstallerError)) return;
        fault ??= error;
        stop.abort(error);
      },
    },
  );
  const signal = AbortSignal.any([ports.signal, stop.signal]);
  return { running, requests: () => requests, fault: () => fault, signal };
}

async function reaches(image: LoadableImage, server: Serving, ports: LoadPorts): Promise<boolean> {
  try {
    await pullOne(image, server, ports);
    return true;
  } catch (error) {
    if (server.requests() > 0 || ports.signal.aborted || !(error instanceof RegistryError)) {
      throw server.fault() ?? error;
    }
    ports.report({ type: "debug", message: "the engine could not pull from loopback", data: error.message });
    return false;
  }
}

async function pullOne(image: LoadableImage, server: Serving, ports: LoadPorts): Promise<void> {
  throwIfInterrupted(ports.signal, `loading ${image.reference}`);
  const name = servedName(parseReference(image.reference));
  const passing = `${server.running.authority}/${momentary}/${name}@${image.manifest.digest}`;
  item(ports, image, "starting");
  try {
    await ports.images.pullImage({
      reference: passing,
      onProgress: (detail) => ports.report({ type: "progress", step: "load", id: image.reference, detail }),
      signal: server.signal,
    });
    await ports.images.tagImage(passing, image.reference);
    // Those of a run that was killed in between are of the same image.
    const names = await ports.images.imageDigests(image.reference);
    const left = names.filter((name) => /^127\.0\.0\.1:\d+\//.test(name) && name.includes(`/${momentary}/`));
    for (const name of new Set([passing, ...left])) await ports.images.removeImageReference(name);
    item(ports, image, "done");
  } catch (error) {
    if (!ports.signal.aborted && !(error instanceof RegistryError)) item(ports, image, "failed");
    throwIfInterrupted(ports.signal, `${image.reference} was loaded`);
    throw error;
  }
}

/** Downloads that the engine has under way at a time: their packed layers lie beside the unpacked ones. */
const engineDownloads = 3;

/** Layers once each; those of images that the engine has already are counted too, so it is never too little. */
async function requireSpace(manifests: readonly ImageManifest[], content: Content, ports: LoadPorts): Promise<void> {
  if (!/^(unix:.*)?$/.test(ports.environment["DOCKER_HOST"] ?? "")) return;
  const { dataRoot } = await ports.images.info();
  if (!(await ports.fs.exists(dataRoot).catch(() => false))) return;
  const layers = new Map(manifests.flatMap(({ layers: own }) => own.map((layer) => [layer.digest, layer] as const)));
  let needed = 0;
  for (const layer of layers.values()) needed += await unpackedSize(layer, content);
  const packed = [...layers.values()].map((layer) => layer.size).sort((a, b) => b - a);
  needed += packed.slice(0, engineDownloads).reduce((sum, size) => sum + size, 0);
  const free = await ports.fs.freeBytes(dataRoot);
  if (free >= needed) return;
  throw new PreflightError(
    `the images need ${mebibytes(needed)} in ${dataRoot}, and ${mebibytes(free)} are free there`,
    { hint: "free space on that disk, or move the engine's data to a larger one; nothing was changed" },
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / (1024 * 1024))} MiB`;
}

function item(ports: LoadPorts, image: LoadableImage, state: "starting" | "done" | "unchanged" | "failed"): void {
  ports.report({ type: "item", step: "load", id: image.reference, state });
}
