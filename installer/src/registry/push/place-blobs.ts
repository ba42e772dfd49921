import { type Readable, pipeline } from "node:stream";
import { finished } from "node:stream/promises";
import { InstallerError, RegistryError } from "../../errors/installer-error.ts";
import type { Descriptor } from "../../oci/descriptor.ts";
import { verifyContent, verifyLength } from "../../oci/digest.ts";
import type { BlobOutcome, RegistryClient } from "../registry-client.ts";
import { mayBlameContent } from "../registry-errors.ts";
import type { PushJournal } from "./push-journal.ts";
import type { PlannedBlob } from "./push-plan.ts";
import type { TargetKnowledge } from "./target-knowledge.ts";
import type { WorkQueue } from "./work-queue.ts";

/** Where a blob's bytes come from, and how it is said that they are not what they should be. */
export interface BlobOrigin {
  readonly open: () => Promise<Readable>;
  /** The same bytes, which fail with an error of their own where they are not what they should be. */
  readonly openChecked: () => Promise<Readable>;
  readonly toError: (problem: string) => Error;
}

export interface PlacerWork {
  readonly client: RegistryClient;
  readonly queue: WorkQueue;
  readonly journal: PushJournal;
  readonly knowledge: TargetKnowledge;
  readonly originOf: (descriptor: Descriptor) => BlobOrigin;
  /** Whether an image that has not failed needs the blob there. */
  readonly isWanted: (repository: string, digest: string) => boolean;
  readonly onBytes: (repository: string, digest: string, bytes: number) => void;
  readonly signal: AbortSignal;
}

export interface BlobPlacer {
  /** Makes sure the repository has the blob; asked again it gives the same answer. */
  ensure(blob: PlannedBlob, repository: string): Promise<BlobOutcome>;
}

/** Work that nobody needs any more because its images failed on other things. */
export class NotWanted extends Error {}

/** Blobs that may be finally refused one after the other before the rest is given up, as a factor of the connections. */
const patience = 2;

/**
 * Brings blobs to their repositories: the bytes once into the first repository, mounts from there into the others. Where the
 * first one is refused, the next takes its place.
 */
export function createBlobPlacer(work: PlacerWork): BlobPlacer {
  const { client, queue, journal, knowledge } = work;
  const placements = new Map<string, Promise<BlobOutcome>>();
  const atFault = new Map<string, Error>();
  const health = watchHealth(() => patience * queue.limit());
  let mountsRefused = false;

  function ensure(blob: PlannedBlob, repository: string): Promise<BlobOutcome> {
    const key = `${repository} ${blob.descriptor.digest}`;
    const known = placements.get(key);
    if (known !== undefined) return known;
    const placement = place(blob, repository);
    placements.set(key, placement);
    // Whoever needs it asks again; nobody may be left to.
    placement.catch(() => undefined);
    return placement;
  }

  async function place(blob: PlannedBlob, repository: string): Promise<BlobOutcome> {
    const { digest, size } = blob.descriptor;
    if (knowledge.holds(repository, digest)) return "present";
    const home = await findHome(blob, repository);
    const checkFirst = await isWorthAsking(repository, digest, home);
    return queue.run({ rank: home === undefined ? ranks.upload : ranks.mount, weight: size }, async () => {
      const fault = atFault.get(digest) ?? health.fault();
      if (fault !== undefined) throw fault;
      if (!work.isWanted(repository, digest)) throw new NotWanted(`${digest} in ${repository}`);
      const outcome = await send(blob.descriptor, repository, home, checkFirst);
      if (home !== undefined && outcome === "sent") mountsRefused = true;
      if (outcome !== "mounted") await journal.record(repository, digest);
      return outcome;
    });
  }

  async function send(
    descriptor: Descriptor,
    repository: string,
    home: string | undefined,
    checkFirst: boolean,
  ): Promise<BlobOutcome> {
    try {
      const outcome = await client.placeBlob({
        repository,
        descriptor,
        open: () => open(descriptor),
        ...(home !== undefined && { mountFrom: home }),
        checkFirst,
        signal: work.signal,
        onBytes: (bytes) => work.onBytes(repository, descriptor.digest, bytes),
      });
      health.good();
      return outcome;
    } catch (error) {
      work.signal.throwIfAborted();
      if (mayBlameContent(error)) await checkContent(descriptor);
      const fault = atFault.get(descriptor.digest);
      if (fault !== undefined) throw fault;
      health.bad(error);
      throw error;
    }
  }

  /** A registry hashes what it is given, so it is hashed here only once it was refused: to tell who is to blame. */
  async function checkContent(descriptor: Descriptor): Promise<void> {
    const origin = work.originOf(descriptor);
    const verified = verifyContent(descriptor, origin.toError);
    try {
      const bytes = await origin.openChecked();
      await finished(pipeline(bytes, verified, () => undefined).resume(), { signal: work.signal });
    } catch (error) {
      blame(descriptor, error);
      work.signal.throwIfAborted();
    }
  }

  function blame(descriptor: Descriptor, error: unknown): Error {
    const fault = error instanceof Error ? error : new Error(String(error));
    if (!work.signal.aborted) atFault.set(descriptor.digest, fault);
    return fault;
  }

  async function open(descriptor: Descriptor): Promise<Readable> {
    const origin = work.originOf(descriptor);
    const earlier = atFault.get(descriptor.digest);
    if (earlier !== undefined) throw earlier;
    const bytes = await origin.open().catch((error: unknown) => {
      throw blame(descriptor, error);
    });
    // A connection that breaks ends this stream with its own error, which is not the source's.
    bytes.on("error", (error) => {
      if (error instanceof InstallerError) blame(descriptor, error);
    });
    const measured = verifyLength(descriptor.size, (problem) => blame(descriptor, origin.toError(problem)));
    return pipeline(bytes, measured, () => undefined);
  }

  /** A repository to mount from; undefined for the one that gets the bytes. */
  async function findHome(blob: PlannedBlob, repository: string): Promise<string | undefined> {
    const { digest } = blob.descriptor;
    for (const candidate of blob.repositories) {
      if (candidate === repository) break;
      try {
        await ensure(blob, candidate);
        return candidate;
      } catch {
        const fault = atFault.get(digest);
        if (fault !== undefined) throw fault;
      }
    }
    return knowledge.holderOf(digest);
  }

  /** What the journal names is asked for before it is relied on: the registry may have been emptied since. */
  async function isWorthAsking(repository: string, digest: string, home: string | undefined): Promise<boolean> {
    if (journal.has(repository, digest)) return true;
    if (home !== undefined && !mountsRefused) return false;
    return !(await knowledge.isNew(repository));
  }

  return { ensure };
}

/** Manifests complete an image and mounts cost no bytes: both go before uploads. */
export const ranks = { manifest: 0, mount: 1, upload: 2 } as const;

interface Health {
  good(): void;
  bad(error: unknown): void;
  /** Set when so many blobs were refused in a row that the rest is not tried. */
  fault(): Error | undefined;
}

function watchHealth(limit: () => number): Health {
  let inRow = 0;
  let fault: Error | undefined;
  return {
    good: () => {
      inRow = 0;
    },
    bad: (error) => {
      inRow += 1;
      if (inRow < limit() || fault !== undefined) return;
      const last = error instanceof Error ? error.message : String(error);
      fault = new RegistryError(`not tried, because ${inRow} blobs in a row were refused; the last: ${last}`, {
        hint: "set right what the registry complains about and push again; what arrived is not sent again",
        cause: error,
      });
    },
    fault: () => fault,
  };
}
