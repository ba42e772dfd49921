import type { Descriptor } from "../../oci/descriptor.ts";
import { type BlobOrigin, NotWanted, createBlobPlacer, ranks } from "./place-blobs.ts";
import { blobsOf } from "./build-push-plan.ts";
import type { BlobOutcome, RegistryClient } from "../registry-client.ts";
import type { PushJournal } from "./push-journal.ts";
import type { PlannedBlob, PlannedImage, PushPlan, ReadManifest } from "./push-plan.ts";
import type { TargetKnowledge } from "./target-knowledge.ts";
import type { WorkQueue } from "./work-queue.ts";

/** What happened to a blob or an image: it was there, it was mounted from a neighbour, its bytes were sent, it failed. */
export type ItemState = "cached" | "mounted" | "sent" | "failed";

export type BlobCounts = Readonly<Record<ItemState, number>>;

export interface ImageOutcome {
  readonly image: PlannedImage;
  readonly state: ItemState;
  /** Each blob of the image once. */
  readonly blobs: BlobCounts;
  /** Bytes on the wire for it, those of failed attempts too. */
  readonly sentBytes: number;
  readonly error?: Error;
}

export interface PushWork {
  readonly plan: PushPlan;
  readonly client: RegistryClient;
  readonly queue: WorkQueue;
  readonly journal: PushJournal;
  readonly knowledge: TargetKnowledge;
  readonly originOf: (descriptor: Descriptor) => BlobOrigin;
  readonly signal: AbortSignal;
  /** Bytes that went onto the wire. */
  readonly onBytes: (bytes: number) => void;
  /** A blob is in a repository; once for each pair. */
  readonly onBlob: (descriptor: Descriptor, repository: string, state: ItemState) => void;
  /** An image is through. */
  readonly onImage: (outcome: ImageOutcome) => void;
}

/**
 * Pushes all images at once over one pool of connections: blobs as `place-blobs.ts` says, a manifest as soon as what it names
 * is in its repository, the tag as the last thing of each image, so that a tag always stands for a whole image with all that
 * refers to it. An image that fails does not hold up the others.
 * @throws what the signal was aborted with, once what was under way has ended
 */
export async function pushImages(work: PushWork): Promise<readonly ImageOutcome[]> {
  const failed = new Set<PlannedImage>();
  const bytes = new Map<string, number>();
  const users = collectUsers(work.plan);
  const placer = createBlobPlacer({
    ...work,
    isWanted: (repository, digest) =>
      users.get(keyOf(repository, digest))?.some((image) => !failed.has(image)) === true,
    onBytes: (repository, digest, count) => {
      const key = keyOf(repository, digest);
      bytes.set(key, (bytes.get(key) ?? 0) + count);
      work.onBytes(count);
    },
  });
  const blobs = new Map(work.plan.blobs.map((blob) => [blob.descriptor.digest, blob]));
  const tally = createTally(work, bytes);
  const putManifests = createManifestPutter(work, (image, descriptor) => {
    const blob = blobs.get(descriptor.digest) ?? { descriptor, repositories: [image.repository] };
    return tally.count(image, blob, () => placer.ensure(blob, image.repository));
  });

  async function pushOne(image: PlannedImage): Promise<Error | undefined> {
    try {
      await pushImage(image, putManifests);
      return undefined;
    } catch (error) {
      failed.add(image);
      return error instanceof Error ? error : new Error(String(error));
    }
  }

  const errors = new Map<PlannedImage, Error | undefined>();
  await Promise.all(
    startOrder(work.plan).map(async (image) => {
      const error = await pushOne(image);
      errors.set(image, error);
      if (!work.signal.aborted) work.onImage(tally.outcome(image, error));
    }),
  );
  // Blobs that others need are still under way when an image has failed.
  await work.queue.idle();
  work.signal.throwIfAborted();
  return work.plan.images.map((image) => tally.outcome(image, errors.get(image)));
}

type PutTree = (image: PlannedImage, manifests: readonly ReadManifest[], reference: string) => Promise<void>;

/** Referrers stand between the image and its tag: what is tagged lacks nothing. */
async function pushImage(image: PlannedImage, put: PutTree): Promise<void> {
  const { root, tag, referrers, manifests } = image;
  if (referrers.length === 0) {
    await put(image, manifests, tag ?? root.digest);
    return;
  }
  await put(image, manifests, root.digest);
  await Promise.all(
    referrers.map(async (referrer) => {
      await put(image, referrer.manifests, referrer.root.digest);
      if (referrer.tag !== undefined) await put(image, referrer.manifests, referrer.tag);
    }),
  );
  if (tag !== undefined) await put(image, manifests, tag);
}

function createManifestPutter(
  { client, queue }: PushWork,
  ensureBlob: (image: PlannedImage, descriptor: Descriptor) => Promise<unknown>,
): PutTree {
  const puts = new Map<string, Promise<void>>();

  function putOne(image: PlannedImage, tree: ReadonlyMap<string, ReadManifest>, digest: string, reference: string) {
    const key = `${image.repository} ${digest} ${reference}`;
    const known = puts.get(key);
    if (known !== undefined) return known;
    const put = putWhenReady(image, tree, digest, reference);
    puts.set(key, put);
    put.catch(() => undefined);
    return put;
  }

  async function putWhenReady(
    image: PlannedImage,
    tree: ReadonlyMap<string, ReadManifest>,
    digest: string,
    reference: string,
  ): Promise<void> {
    const stored = tree.get(digest);
    if (stored === undefined) throw new Error(`manifest ${digest} was not read`);
    const { manifest } = stored;
    const needs =
      manifest.kind === "index"
        ? manifest.manifests.map((child) => putOne(image, tree, child.digest, child.digest))
        : [manifest.config, ...manifest.layers].map((blob) => ensureBlob(image, blob));
    await Promise.all(needs);
    await queue.run({ rank: ranks.manifest, weight: 0 }, () => client.putManifest(image.repository, reference, stored));
  }

  return (image, manifests, reference) => {
    const root = manifests.at(-1);
    if (root === undefined) throw new Error(`${image.source} has no manifest`);
    const tree = new Map(manifests.map((manifest) => [manifest.descriptor.digest, manifest]));
    return putOne(image, tree, root.descriptor.digest, reference);
  };
}

interface Tally {
  count(image: PlannedImage, blob: PlannedBlob, ensure: () => Promise<BlobOutcome>): Promise<void>;
  outcome(image: PlannedImage, error?: Error): ImageOutcome;
}

const stateOf: Readonly<Record<BlobOutcome, ItemState>> = { present: "cached", mounted: "mounted", sent: "sent" };

/** Counts per image what became of its blobs. A blob two images of one repository need belongs to the first. */
function createTally(work: PushWork, bytes: ReadonlyMap<string, number>): Tally {
  const states = new Map<PlannedImage, Map<string, ItemState>>();
  const owners = new Map<string, PlannedImage>();

  return {
    count: async (image, { descriptor }, ensure) => {
      const own = states.get(image) ?? new Map<string, ItemState>();
      states.set(image, own);
      const key = keyOf(image.repository, descriptor.digest);
      const owner = owners.get(key) ?? image;
      owners.set(key, owner);
      const isFirst = owner === image && !own.has(descriptor.digest);
      if (!own.has(descriptor.digest)) own.set(descriptor.digest, "failed");
      try {
        const state = stateOf[await ensure()];
        if (isFirst) work.onBlob(descriptor, image.repository, state);
        if (isFirst || owner !== image) own.set(descriptor.digest, owner === image ? state : "cached");
      } catch (error) {
        if (error instanceof NotWanted) own.delete(descriptor.digest);
        else if (isFirst && !work.signal.aborted) work.onBlob(descriptor, image.repository, "failed");
        throw error;
      }
    },
    outcome: (image, error) => {
      const found = [...(states.get(image) ?? [])];
      const counts = { cached: 0, mounted: 0, sent: 0, failed: 0 };
      for (const [, state] of found) counts[state] += 1;
      const sentBytes = found
        .map(([digest]) => keyOf(image.repository, digest))
        .filter((key) => owners.get(key) === image)
        .reduce((sum, key) => sum + (bytes.get(key) ?? 0), 0);
      return { image, state: summary(counts, error), blobs: counts, sentBytes, ...(error !== undefined && { error }) };
    },
  };
}

function summary(counts: BlobCounts, error: Error | undefined): ItemState {
  if (error !== undefined) return "failed";
  return counts.sent === 0 && counts.mounted > 0 ? "mounted" : "sent";
}

/** Which images need a blob in a repository. */
function collectUsers(plan: PushPlan): ReadonlyMap<string, readonly PlannedImage[]> {
  const users = new Map<string, PlannedImage[]>();
  for (const image of plan.images) {
    for (const { digest } of blobsOf(image)) {
      const key = keyOf(image.repository, digest);
      users.set(key, [...(users.get(key) ?? []), image]);
    }
  }
  return users;
}

/** Images with the largest blobs first, so that those are under way before the pool is full of others. */
function startOrder(plan: PushPlan): readonly PlannedImage[] {
  const largest = new Map(
    plan.images.map((image) => [image, blobsOf(image).reduce((most, { size }) => Math.max(most, size), 0)]),
  );
  return plan.images.toSorted((a, b) => (largest.get(b) ?? 0) - (largest.get(a) ?? 0));
}

function keyOf(repository: string, digest: string): string {
  return `${repository} ${digest}`;
}
