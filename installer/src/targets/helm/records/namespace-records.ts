import { LockedError, PreflightError } from "../../../errors/installer-error.ts";
import type { Report } from "../../../events/event.ts";
import { createQueue } from "../../../execute/in-turn.ts";
import type { StateLayout } from "../../../execute/state/layout.ts";
import type { Identity } from "../../../execute/state/records.ts";
import { RecordsUnreachable, type SharedRecords } from "../../../execute/state/shared-records.ts";
import { readIdentity, readPlan } from "../../../execute/state/state-store.ts";
import type { Plan } from "../../../plan/model.ts";
import { isRefused } from "../../../platform/cluster-refusal.ts";
import type { Clock, Failpoint, FileSystem, LockHolder } from "../../../platform/ports.ts";
import { ensureNamespace } from "../namespace.ts";
import { compareCopy } from "./compare-copy.ts";
import { refusalOf } from "./copy-refusals.ts";
import { type CopiedRecords, type CopyRecord, readCopy, type RecordedPlace, writeCopy } from "./copy-record.ts";
import { type Head, headDigest, packParts } from "./head.ts";
import {
  changedPaths,
  digestsOf,
  type FileDigests,
  readRecordFiles,
  type RecordFiles,
  writeRecordFiles,
} from "./record-files.ts";
import { createRunLease } from "./run-lease.ts";
import { clusterUid, requireSameCluster } from "./same-cluster.ts";
import {
  partName,
  putHead,
  putPart,
  readHead,
  readRecords,
  type RecordsPlace,
  removeOldParts,
  removeRecords,
  type StoredHead,
} from "./stored-records.ts";

export interface RecordsPorts {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly failpoint: Failpoint;
  readonly report: Report;
  readonly signal: AbortSignal;
}

export interface NamespaceRecords extends SharedRecords {
  /**
   * To be called before each write to the cluster.
   * @throws LockedError when another run has taken over the lock that this one had
   */
  requireHeld(): Promise<void>;
}

/** What the directory has. */
interface Own {
  readonly identity: Identity;
  readonly files: RecordFiles;
  readonly digests: FileDigests;
  readonly generation: number;
  readonly run: string;
}

/** The records of an install, kept in Secrets of its namespace. */
export function createNamespaceRecords(place: RecordsPlace, ports: RecordsPorts): NamespaceRecords {
  const { fs, clock, failpoint } = ports;
  const { cluster, namespace } = place;
  const lease = createRunLease(place, ports);
  const inTurn = createQueue();
  /** Who asked for a lock where there is no namespace to hold it. */
  let waiting: LockHolder | undefined;
  let holder: LockHolder | undefined;
  /** They were there and are not: what did not change has to be put there, too. */
  let isGone = false;
  let uid: Promise<string | undefined> | undefined;

  async function seenPlace(): Promise<RecordedPlace> {
    const { context, server } = cluster.place();
    const found = await (uid ??= clusterUid(cluster));
    return { context, namespace, server, ...(found === undefined ? {} : { cluster: found }) };
  }

  /** The first question of a command: where it is not answered, the copy may still be of use. */
  async function firstLook(): Promise<{ readonly seen: RecordedPlace; readonly stored: StoredHead | undefined }> {
    try {
      const seen = await seenPlace();
      return { seen, stored: await readHead(place) };
    } catch (error) {
      uid = undefined;
      if (!(error instanceof PreflightError) || error instanceof RecordsUnreachable) throw error;
      const { message, hint, cause, details } = error;
      throw new RecordsUnreachable(message, { hint, cause, details });
    }
  }

  async function news(layout: StateLayout): Promise<(() => Promise<void>) | undefined> {
    const copy = await readCopy(fs, layout);
    const { seen, stored } = await firstLook();
    const identity = await readIdentity(fs, layout);
    const isKnown = identity !== undefined && stored?.head.uuid === identity.uuid;
    requireSameCluster(copy?.place, seen, isKnown);
    const comparison = await compareCopy(copy, stored?.head, () => localOf(layout, identity));
    const taken = stored === undefined ? undefined : { place: seen, of: copiedOf(stored.head) };
    switch (comparison.kind) {
      case "nothing":
      case "copy":
        return undefined;
      case "gone":
        tellGone(layout);
        return undefined;
      case "same":
        return taken && (() => writeCopy(fs, layout, taken));
      case "newer":
        return stored && taken && (() => takeRecords(layout, copy, { stored, taken }));
      default:
        throw refusalOf(comparison, { layout, place, head: stored?.head, seen });
    }
  }

  function tellGone({ root }: StateLayout): void {
    if (isGone) return;
    isGone = true;
    ports.report({
      type: "warning",
      message: `the records of ${place.install} are gone from the namespace ${namespace}: ${root} alone has them`,
      hint: "the next slipway install puts them there again",
    });
  }

  async function localOf(layout: StateLayout, identity: Identity | undefined) {
    if (identity === undefined) return undefined;
    const { uuid, digestKey } = identity;
    return { uuid, digests: digestsOf(digestKey, await readRecordFiles(fs, layout)) };
  }

  async function takeRecords(
    layout: StateLayout,
    copy: CopyRecord | undefined,
    { stored, taken }: { readonly stored: StoredHead; readonly taken: CopyRecord },
  ): Promise<void> {
    const { files, head, identity } = await readRecords(place, stored);
    if (identity.name !== place.install) throw new PreflightError(`the records are those of ${identity.name}`);
    await fs.makeDirectory(layout.root, 0o700);
    // Whoever finds this mark trusts no file of the directory.
    await writeCopy(fs, layout, { ...(copy ?? { place: taken.place }), taking: true });
    await failpoint("records:taking");
    await writeRecordFiles(fs, layout, files, () => failpoint("records:taken-file"));
    await failpoint("records:taken");
    await writeCopy(fs, layout, { place: taken.place, of: copiedOf(head) });
  }

  async function lock(asked: LockHolder, previous: LockHolder | undefined) {
    holder = asked;
    waiting = (await lease.acquire(asked, previous)) ? undefined : asked;
    return {
      release: () => {
        waiting = undefined;
        return lease.release();
      },
    };
  }

  /** A first install: nobody else can have locked what was not there. */
  async function lockNow(layout: StateLayout): Promise<void> {
    if (waiting === undefined) return;
    await makeNamespace(await readPlan(fs, layout.pendingPlan));
    await failpoint("records:namespace");
    await lease.acquire(waiting, undefined);
    waiting = undefined;
    if ((await readHead(place)) === undefined) return;
    throw new LockedError(`another run has installed ${place.install} in the namespace ${namespace} meanwhile`, {
      hint: `remove ${layout.root}, of which nothing is in use, and start the command again`,
    });
  }

  async function push(layout: StateLayout, run: string): Promise<void> {
    const identity = await readIdentity(fs, layout);
    // A purge leaves nothing to put anywhere, and a dry run has nothing yet.
    if (identity === undefined) return;
    const copy = await readCopy(fs, layout);
    const files = await readRecordFiles(fs, layout);
    const digests = digestsOf(identity.digestKey, files);
    const isThere = copy?.of !== undefined && changedPaths(copy.of.files, digests).length === 0;
    if (isThere && !isGone) return;
    if (lease.lost.aborted) await abandon(layout, copy);
    await lockNow(layout);
    await lease.requireHeld();
    const before = await readOwnHead(copy);
    const generation = (before?.head.generation ?? copy?.of?.generation ?? 0) + 1;
    const head = await putRecords({ identity, files, digests, generation, run }, before);
    await writeCopy(fs, layout, { place: await seenPlace(), of: copiedOf(head) });
    isGone = false;
    await failpoint("records:copied");
    // What is left over is in nobody's way, and the next push takes it away.
    await removeOldParts(place, head).catch(() => undefined);
  }

  /** The head that the directory is a copy of; undefined where there is none. */
  async function readOwnHead(copy: CopyRecord | undefined): Promise<StoredHead | undefined> {
    const found = await readHead(place);
    if (found !== undefined && found.head.digest !== copy?.of?.digest) throw changedMeanwhile(found.head);
    return found;
  }

  /** The parts first: until the head is replaced, everybody reads the ones before. */
  async function putRecords(
    { identity, files, digests, generation, run }: Own,
    before: StoredHead | undefined,
  ): Promise<Head> {
    const { digestKey, uuid } = identity;
    const parts = packParts(digestKey, files);
    const head: Head = {
      uuid,
      generation,
      digest: headDigest(digestKey, { generation, files: digests }),
      files: digests,
      parts: parts.map((part) => partName(place, part)),
      by: { run, owner: holder?.owner ?? "", command: holder?.command ?? "" },
      at: clock.now().toISOString(),
    };
    const there = new Set(before?.head.parts);
    for (const part of parts.filter((candidate) => !there.has(partName(place, candidate)))) {
      await putPart(place, part);
      await failpoint("records:part");
    }
    await lease.requireHeld();
    await putHead(place, head, before).catch((error: unknown) => {
      throw isRefused(error, 409) ? changedMeanwhile(before?.head) : error;
    });
    await failpoint("records:head");
    return head;
  }

  async function makeNamespace(plan: Plan | undefined): Promise<void> {
    if (plan !== undefined) await ensureNamespace(cluster, place, plan);
  }

  /** Nothing that is not in the namespace was ever applied, so what the other run recorded counts. */
  async function abandon(layout: StateLayout, copy: CopyRecord | undefined): Promise<void> {
    if (copy !== undefined) await writeCopy(fs, layout, { ...copy, abandoned: true });
  }

  function changedMeanwhile(head: Head | undefined): LockedError {
    const who = head === undefined ? "somebody" : `${head.by.owner} ("${head.by.command}")`;
    return new LockedError(`the records of ${place.install} were changed by ${who} while this run was at work`, {
      hint: "start the command again",
    });
  }

  return {
    get place() {
      return `namespace ${namespace} of the context ${cluster.place().context}`;
    },
    lost: lease.lost,
    lock,
    news,
    push: (layout, run) => inTurn(() => push(layout, run)),
    remove: () => removeRecords(place),
    requireHeld: () => lease.requireHeld(),
  };
}

function copiedOf({ generation, digest, files }: Head): CopiedRecords {
  return { generation, digest, files };
}
