import { randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import type { BackupDocument } from "../../contract.generated.ts";
import { errorText, ToolboxError } from "../../errors.ts";
import { toJson, writeWhole } from "../folder-files.ts";
import { withLibpq } from "../libpq.ts";
import { RepositoryCredentialError } from "../repository-errors.ts";
import type { Restic } from "../restic.ts";
import type { BackupFolder } from "../work-folder.ts";
import { hasLostPlace, openReceiver, type Receiver } from "./receiver.ts";
import { dropSlot, identifyServer, makeSlot, readSlot, type ServerState } from "./replication.ts";
import { parsePosition } from "./segments.ts";
import {
  clearSpool,
  countSegments,
  fillCut,
  type Line,
  partsInCut,
  readLine,
  removeStored,
  writeLine,
} from "./spool.ts";
import { type Spool, spoolIn, type WalState } from "./spool.ts";
import { tagsOfWal } from "./stored-wal.ts";

export interface ArchiveContext {
  readonly document: BackupDocument;
  readonly folder: BackupFolder;
  readonly restic: Restic;
  readonly log: (line: string) => void;
}

/** How often it looks whether all is well; what is stored less often. */
const tickMs = 5000;
const defaultSeconds = 120;
/** What the receiver may be behind the server when all is well. */
const behindMs = 30_000;
/** More are not received while nothing can be stored: the server's own limit counts then. */
const mostSegments = 256;

interface Archive {
  readonly context: ArchiveContext;
  readonly spool: Spool;
  readonly environment: Readonly<Record<string, string>>;
  readonly receiver: Receiver;
  readonly everyMs: number;
  line: Line | undefined;
  problem: string | undefined;
  /** What it had locked is free: before it was killed, or when its server went away. */
  isFreed: boolean;
}

/**
 * Receives what PostgreSQL writes as it writes it, and stores it every so often, until this process is asked to end. What goes wrong stands in
 * a file for whoever looks, and is tried again.
 */
export async function archiveWal(context: ArchiveContext): Promise<void> {
  const { document, folder } = context;
  if (document.postgres === undefined) throw new ToolboxError("there is no server whose log is to be archived");
  const ending = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, () => ending.abort());
  await withLibpq(document.postgres, async (environment) => {
    const spool = spoolIn(document.folder, folder.cut);
    await mkdir(spool.receive, { recursive: true, mode: 0o700 });
    const everyMs = (document.walSeconds ?? defaultSeconds) * 1000;
    const line = await readLine(spool);
    const archive: Archive = {
      context,
      spool,
      environment,
      receiver: openReceiver(),
      everyMs,
      line,
      problem: undefined,
      isFreed: false,
    };
    await archiveUntil(ending.signal, archive);
  });
}

async function archiveUntil(ending: AbortSignal, archive: Archive): Promise<void> {
  let due = 0;
  while (!ending.aborted) {
    const isDue = performance.now() >= due;
    const begun = performance.now();
    const work = async (): Promise<void> => {
      await receive(archive, isDue);
      if (isDue) await store(archive);
    };
    await attempt(archive, isDue ? [() => freeRepository(archive), work] : [work]);
    if (isDue && archive.problem === undefined) due = begun + archive.everyMs;
    await tell(archive);
    await delay(Math.min(tickMs, archive.everyMs), undefined, { signal: ending }).catch(() => undefined);
  }
  archive.context.log("asked to end: storing what was received");
  await attempt(archive, [() => store(archive)]);
  await archive.receiver.stop();
  await tell(archive);
}

/** Does one after the other, also after one that went wrong; the first problem is what is told. */
async function attempt(archive: Archive, works: readonly (() => Promise<void>)[]): Promise<void> {
  let first: string | undefined;
  for (const work of works) {
    const problem = await problemOf(work);
    first ??= problem;
  }
  if (first !== undefined && first !== archive.problem) archive.context.log(first);
  archive.problem = first;
}

async function problemOf(work: () => Promise<void>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const advice = error instanceof ToolboxError && error.advice !== undefined ? ` (${error.advice})` : "";
    return `${errorText(error)}${advice}`;
  }
}

/** What everybody may read: no secret is in it. */
async function tell({ spool, line, problem }: Archive): Promise<void> {
  const state: WalState = {
    apiVersion: "slipway/v1",
    kind: "WalState",
    at: new Date().toISOString(),
    ...(line === undefined ? {} : { since: line.since }),
    ...(line?.stored === undefined ? {} : { through: line.stored.through }),
    ...(problem === undefined ? {} : { problem }),
  };
  await writeWhole(spool.state, toJson(state));
}

/** Sees to it that a receiver runs on a line that has no gap. */
async function receive(archive: Archive, looksAtServer: boolean): Promise<void> {
  const { receiver, spool, environment, context } = archive;
  if ((await countSegments(spool)) >= mostSegments) {
    await receiver.stop();
    if (!looksAtServer) throw new ToolboxError(archive.problem ?? "what was received cannot be stored");
    return;
  }
  if (receiver.isRunning() && !looksAtServer) return;
  // Without a repository nobody would ever take from a slot what the server keeps for it. Where its server is away alone, the log is received.
  if (archive.line === undefined) await requireRepository(context.restic);
  const server = await identifyServer(environment);
  const isLost = !receiver.isRunning() && hasLostPlace(receiver.lastWords());
  if (isLost || !isOf(archive.line, server) || (await readSlot(environment)) === undefined)
    await beginLine(archive, server);
  if (receiver.isRunning()) return;
  if (receiver.lastWords() !== "") context.log(`pg_receivewal ended: ${receiver.lastWords()}`);
  receiver.start(environment, spool.receive);
}

async function requireRepository(restic: Restic): Promise<void> {
  await restic.reach();
  if (await restic.exists()) return;
  throw new ToolboxError("there is no repository of backups yet", { advice: "run slipway backup init" });
}

/**
 * Removes what an archive has locked that was killed here, or could not unlock at a server that was away: it closes the repository for whoever
 * needs it alone. An archive works in its folder alone, and holds no lock while it stores nothing, so that all locks of its names are of the
 * dead: also those of the name that this container has kept.
 */
async function freeRepository(archive: Archive): Promise<void> {
  if (archive.isFreed) return;
  const { restic, folder, log } = archive.context;
  await requireRepository(restic);
  await restic.removeLocksOf([...folder.deadHosts, hostname()]).catch((error: unknown) => {
    // Who may not remove locks can store all the same.
    if (!(error instanceof RepositoryCredentialError)) throw error;
    log(error.message);
  });
  archive.isFreed = true;
}

function isOf(line: Line | undefined, server: ServerState): boolean {
  return line?.systemIdentifier === server.systemIdentifier && line.timeline === server.timeline;
}

/** What comes now does not go on from what was received before: moments can be brought back from the next backup on. */
async function beginLine(archive: Archive, { systemIdentifier, timeline }: ServerState): Promise<void> {
  const { spool, environment, receiver, context, line: former } = archive;
  await receiver.stop();
  if (former !== undefined) {
    context.log(
      "the write-ahead log does not go on from what was received: make a backup, from which moments can be restored again",
    );
  }
  if ((await readSlot(environment)) !== undefined) await dropSlot(environment);
  await clearSpool(spool);
  await makeSlot(environment);
  archive.line = { id: randomUUID(), systemIdentifier, timeline, since: new Date().toISOString() };
  await writeLine(spool, archive.line);
}

/** Stores what the server has written by now. */
async function store(archive: Archive): Promise<void> {
  const { line, environment, spool, context } = archive;
  if (line === undefined) return;
  await requireRepository(context.restic);
  const through = new Date();
  const server = await identifyServer(environment);
  if (!isOf(line, server)) return;
  if (line.stored?.upto !== server.position) {
    await untilReceived(server.position, archive);
    await fillCut(spool);
  }
  const parts = await partsInCut(spool);
  if (parts === undefined) {
    archive.line = undefined;
    throw new ToolboxError("segments that were received are not there any more: the log is received anew");
  }
  // Also when nothing was written: that nothing was is what leads to the moments since.
  const { id, since, systemIdentifier, timeline } = line;
  const part = { ...{ line: id, since, systemIdentifier, timeline }, ...parts, upto: server.position };
  const tags = tagsOfWal(context.document.name, { ...part, through: through.toISOString() });
  // What was cut off from its server has left its lock there.
  archive.isFreed = false;
  await context.restic.backup(spool.cut, { tags, time: through }, () => undefined);
  archive.isFreed = true;
  archive.line = { ...line, stored: { upto: server.position, through: through.toISOString() } };
  await writeLine(spool, archive.line);
  await removeStored(spool);
}

/** The server is told what has reached our disk, and tells it to us. */
async function untilReceived(position: string, { environment, receiver }: Archive): Promise<void> {
  const deadline = performance.now() + behindMs;
  for (;;) {
    const received = await readSlot(environment);
    if (received !== undefined && received !== "" && parsePosition(received) >= parsePosition(position)) return;
    if (performance.now() > deadline || !receiver.isRunning()) {
      const why = receiver.isRunning() ? `it is at ${received ?? "nothing"}` : `it has ended: ${receiver.lastWords()}`;
      throw new ToolboxError(`what PostgreSQL wrote up to ${position} was not received: ${why}`);
    }
    await delay(250);
  }
}
