import { PassThrough, Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { BundleError } from "../../errors/installer-error.ts";
import type { ByteRange, ImageSource, SourceImage, TakeBlob } from "../../oci/content.ts";
import { type Descriptor, formatPlatform, type Platform } from "../../oci/descriptor.ts";
import { matchesPlatform } from "../../oci/platform-choice.ts";
import type { Docker, FileSystem, ImageDetails } from "../../platform/ports.ts";
import { readTarStream } from "../tar/read-tar-stream.ts";
import { type EngineCache, readEngineCache, writeEngineCache } from "./engine-cache.ts";
import { blobDigestOf, exportName, measureExport } from "./engine-export.ts";
import { describeEngineImage, type EngineImage, offeredRoot, platformsOf } from "./engine-images.ts";

export interface EngineSourceRequest {
  /** Images that will be asked for: they are measured together, in one export. Others are measured when they are asked for. */
  readonly references: readonly string[];
  /** Where sizes of layers are kept from run to run. */
  readonly cacheDir: string;
  readonly signal: AbortSignal;
  /** Bytes of the measuring pass, as they come; none when it begins. */
  readonly onMeasured?: (bytes: number) => void;
}

export interface EngineSourcePorts {
  readonly docker: Pick<Docker, "info" | "imageDetails" | "exportImages">;
  readonly fs: Pick<FileSystem, "readTextIfPresent" | "writeAtomic" | "makeDirectory">;
}

/** What the source has learnt so far. */
interface Learnt {
  readonly details: Map<string, ImageDetails>;
  readonly images: Map<string, EngineImage>;
  cache: { sizes: Map<string, number>; documents: Map<string, Buffer> };
  /** Older exports name layers by other paths, which only a pass over all of it tells. */
  readonly layerPaths: Map<string, string>;
  readonly measured: Set<string>;
}

/**
 * The local Docker engine as a source. With graph drivers layers come unpacked, as `docker save` writes them, under one
 * manifest that is always the same; the containerd store hands out what was pulled. Nothing is kept on disk but sizes.
 */
export function createEngineSource(request: EngineSourceRequest, ports: EngineSourcePorts): ImageSource {
  let started: Promise<Learnt> | undefined;
  // One measuring at a time: each is an export of everything still unknown.
  let queue: Promise<unknown> = Promise.resolve();
  const learnt = (): Promise<Learnt> => (started ??= start(request, ports));
  const learn = (references: readonly string[], again: boolean): Promise<Learnt> => {
    const next = queue.then(async () => {
      const known = await learnt();
      await learnImages(references, { request, ports, known, again });
      return known;
    });
    queue = next.catch(() => undefined);
    return next;
  };
  return {
    kind: "engine",
    name: "the docker engine of this machine",
    resolve: async (reference, platforms) => {
      const wanted = request.references.includes(reference) ? request.references : [reference];
      let known = await learn(wanted, false);
      if (lacks(known.images.get(reference), platforms)) known = await learn([reference], true);
      return toSourceImage(reference, known.images.get(reference), platforms);
    },
    content: {
      open: async (descriptor, range) => openOne(descriptor, range, await learnt(), { request, ports }),
      sizeOf: async (digest) => sizeOf(digest, await learnt()),
    },
    feed: async (wanted, take, signal) => {
      const known = await learnt();
      await feedBlobs(wanted, take, { request: { ...request, signal }, ports, known });
    },
    close: () => Promise.resolve(),
  };
}

async function start(request: EngineSourceRequest, ports: EngineSourcePorts): Promise<Learnt> {
  const cache = await readEngineCache(request.cacheDir, ports.fs);
  return {
    details: new Map(),
    images: new Map(),
    cache: { sizes: new Map(cache.sizes), documents: new Map(cache.documents) },
    layerPaths: new Map(),
    measured: new Set(),
  };
}

interface Work {
  readonly request: EngineSourceRequest;
  readonly ports: EngineSourcePorts;
  readonly known: Learnt;
}

async function learnImages(references: readonly string[], work: Work & { readonly again: boolean }): Promise<void> {
  const { known, ports, again } = work;
  const unseen = references.filter((reference) => !known.details.has(reference));
  for (const reference of unseen) {
    const details = await ports.docker.imageDetails(reference);
    if (details !== undefined) known.details.set(reference, details);
  }
  const missing = references.filter((reference) => {
    const details = known.details.get(reference);
    if (details === undefined || known.measured.has(reference)) return false;
    return again || !describe(reference, details, known);
  });
  if (missing.length === 0) return;
  await measure(missing, work);
  for (const reference of missing) {
    const details = known.details.get(reference);
    if (details !== undefined && !describe(reference, details, known)) {
      throw new BundleError(`the docker engine did not export the image ${reference} with the id ${details.id}`, {
        hint: "it was changed in the meantime, or its layers are damaged; try again, or build or pull it again",
      });
    }
  }
  await writeEngineCache(work.request.cacheDir, neededOf(known), ports.fs).catch(() => undefined);
}

function describe(reference: string, details: ImageDetails, known: Learnt): boolean {
  const image = describeEngineImage(details, known.cache);
  if (image !== undefined) known.images.set(reference, image);
  return image !== undefined;
}

async function measure(references: readonly string[], { request, ports, known }: Work): Promise<void> {
  request.onMeasured?.(0);
  const stream = await ports.docker.exportImages(references, request.signal);
  const found = await measureExport(stream, request.onMeasured ?? (() => undefined));
  for (const [digest, size] of found.sizes) known.cache.sizes.set(digest, size);
  for (const [digest, document] of found.documents) known.cache.documents.set(digest, document);
  for (const [path, digest] of found.layerPaths) known.layerPaths.set(path, digest);
  for (const reference of references) known.measured.add(reference);
}

/** What belongs to images of this run; what else an export holds, and what earlier runs knew, is let go. */
function neededOf(known: Learnt): EngineCache {
  const images = [...known.images.values()];
  const sizes = images.flatMap((image) => image.layers.map(({ digest, size }) => [digest, size] as const));
  const documents = images.flatMap((image) =>
    [...image.documents].filter(([digest]) => known.cache.documents.has(digest)),
  );
  return { sizes: new Map(sizes), documents: new Map(documents) };
}

function lacks(image: EngineImage | undefined, platforms: readonly Platform[]): boolean {
  if (image === undefined) return false;
  const offered = platformsOf(image);
  return platforms.some((wanted) => !offered.some((platform) => matchesPlatform(platform, wanted)));
}

function toSourceImage(
  reference: string,
  image: EngineImage | undefined,
  platforms: readonly Platform[],
): SourceImage | undefined {
  if (image === undefined) return undefined;
  const offered = platformsOf(image);
  if (platforms.length > 0 && !platforms.some((wanted) => offered.some((each) => matchesPlatform(each, wanted)))) {
    throw new BundleError(
      `the docker engine has ${reference} for ${offered.map(formatPlatform).join(", ")}, not for ${platforms.map(formatPlatform).join(", ")}`,
      { hint: "take it from a registry (--from registry), or build or pull it for this platform" },
    );
  }
  return { reference, root: offeredRoot(image, platforms), referrers: [] };
}

/** Hands over documents from memory and then every wanted layer, in the order in which the export has them. */
async function feedBlobs(wanted: readonly Descriptor[], take: TakeBlob, work: Work): Promise<void> {
  const left = new Map(wanted.map((descriptor) => [descriptor.digest, descriptor]));
  for (const descriptor of [...left.values()]) {
    const document = documentOf(descriptor.digest, work.known);
    if (document === undefined) continue;
    left.delete(descriptor.digest);
    await take(descriptor, Readable.from([document], { objectMode: false }));
  }
  if (left.size === 0) return;
  await exportLayers(left, take, work);
  const [missing] = left.values();
  if (missing === undefined) return;
  throw new BundleError(`the docker engine did not export the layer ${missing.digest}`, {
    hint: "the image was changed or removed in the meantime; try again",
  });
}

/** Takes what it hands over out of `left`. */
async function exportLayers(left: Map<string, Descriptor>, take: TakeBlob, work: Work): Promise<void> {
  const { known, ports, request } = work;
  const references = covering([...left.keys()], known);
  await learnPaths(references, work);
  const stream = await ports.docker.exportImages(references, request.signal);
  await readTarStream(stream, exportName, async (entry, bytes) => {
    if (entry.kind !== "file") return;
    const digest = blobDigestOf(entry.name) ?? known.layerPaths.get(entry.name) ?? "";
    const descriptor = left.get(digest);
    if (descriptor === undefined) return;
    if (entry.size !== descriptor.size) {
      throw new BundleError(
        `the docker engine exports ${digest} with ${entry.size} bytes instead of ${descriptor.size}`,
        {
          hint: `its store is damaged, or the list of sizes in ${request.cacheDir} is; remove that folder and try again`,
        },
      );
    }
    left.delete(digest);
    await take(descriptor, bytes);
  });
}

/** Engines before 25 name layers by ids of their own. */
async function learnPaths(references: readonly string[], work: Work): Promise<void> {
  const { version } = await work.ports.docker.info();
  if (Number.parseInt(version, 10) >= 25) return;
  const unmeasured = references.filter((reference) => !work.known.measured.has(reference));
  if (unmeasured.length > 0) await measure(unmeasured, work);
}

/** Few images that have all these layers among them: always the one with most that are still missing. */
function covering(digests: readonly string[], known: Learnt): readonly string[] {
  const left = new Set(digests);
  const chosen: string[] = [];
  while (left.size > 0) {
    let best: { readonly reference: string; readonly layers: readonly string[] } | undefined;
    for (const [reference, image] of known.images) {
      const layers = image.layers.map((layer) => layer.digest).filter((digest) => left.has(digest));
      if (layers.length > (best?.layers.length ?? 0)) best = { reference, layers };
    }
    if (best === undefined) throw new BundleError(`no image of the docker engine has the layer ${[...left][0] ?? ""}`);
    chosen.push(best.reference);
    for (const digest of best.layers) left.delete(digest);
  }
  return chosen.sort();
}

function documentOf(digest: string, known: Learnt): Buffer | undefined {
  for (const image of known.images.values()) {
    const document = image.documents.get(digest);
    if (document !== undefined) return document;
  }
  return undefined;
}

/** Of an index the engine often has only the platforms that were pulled. */
function sizeOf(digest: string, known: Learnt): number | undefined {
  const layers = [...known.images.values()].flatMap((image) => image.layers);
  return documentOf(digest, known)?.length ?? layers.find((layer) => layer.digest === digest)?.size;
}

/** A layer alone costs an export of an image that has it; for many use `feed`. */
function openOne(
  descriptor: Descriptor,
  range: ByteRange | undefined,
  known: Learnt,
  around: Pick<Work, "request" | "ports">,
): Readable {
  const document = documentOf(descriptor.digest, known);
  if (document !== undefined)
    return Readable.from([document.subarray(range?.start, range?.end)], { objectMode: false });
  const opened = new PassThrough();
  const enough = new AbortController();
  const signal = AbortSignal.any([around.request.signal, enough.signal]);
  feedBlobs([descriptor], async (_descriptor, bytes) => pipeline(bytes, cut(range), opened), {
    ...around,
    request: { ...around.request, signal },
    known,
  }).catch((error: unknown) => opened.destroy(error instanceof Error ? error : new Error(String(error))));
  opened.once("close", () => enough.abort());
  return opened;
}

/** Passes on the bytes of the range only. */
function cut(range: ByteRange | undefined): Transform {
  let at = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const from = Math.max((range?.start ?? 0) - at, 0);
      const to = (range?.end ?? Number.POSITIVE_INFINITY) - at;
      at += chunk.length;
      done(null, to <= from ? undefined : chunk.subarray(from, Math.min(to, chunk.length)));
    },
  });
}
