import { Readable } from "node:stream";
import { RegistryError } from "../errors/installer-error.ts";
import type { ByteRange } from "../oci/content.ts";
import type { Descriptor } from "../oci/descriptor.ts";
import { TransportError } from "../platform/transport-error.ts";
import { isPage } from "./refusal.ts";
import type { RegistryResponse } from "./registry-connection.ts";
import { nameOf } from "./registry-errors.ts";
import { type RegistrySession, scopeOf, type Subject } from "./registry-session.ts";

/** A download that breaks goes on where it was; this often without getting on, and this often in all. */
const breaksWithoutProgress = 5;
const breaksInAll = 100;
const progressBytes = 1024 * 1024;

/**
 * Opens a blob or a part of one; bytes come unverified but never more or fewer than asked for.
 * @throws RegistryError when the registry does not have it, or says it has another length
 */
export async function openBlob(
  session: RegistrySession,
  repository: string,
  descriptor: Descriptor,
  range: ByteRange = { start: 0, end: descriptor.size },
): Promise<Readable> {
  const subject: Subject = { object: `blob ${descriptor.digest}`, repository, action: "read" };
  const download: Download = { session, subject, repository, descriptor, at: range.start, end: range.end };
  if (range.end <= range.start) return Readable.from([]);
  const first = await reconnect(download, session.signal);
  return pump(download, first);
}

interface Download {
  readonly session: RegistrySession;
  readonly subject: Subject;
  readonly repository: string;
  readonly descriptor: Descriptor;
  readonly end: number;
  /** Next byte to hand out. */
  at: number;
}

interface Opened {
  readonly body: Readable;
  /** Bytes to leave out because the registry ignored the range. */
  skip: number;
}

async function reconnect(download: Download, signal: AbortSignal): Promise<Opened> {
  const { session, subject } = download;
  try {
    return await session.retrier.run(subject.object, signal, () => connect(download, signal));
  } catch (error) {
    throw session.explain(error, subject);
  }
}

async function connect(download: Download, signal: AbortSignal): Promise<Opened> {
  const { session, subject, repository, descriptor, at, end } = download;
  const whole = at === 0 && end === descriptor.size;
  const response = await session.once(
    {
      method: "GET",
      target: `/v2/${repository}/blobs/${descriptor.digest}`,
      headers: whole ? {} : { range: `bytes=${at}-${end - 1}` },
      scopes: [scopeOf(repository, "pull")],
      signal,
    },
    whole ? [200] : [200, 206],
  );
  const problem = wrongAnswer(response, download);
  if (problem === undefined) return { body: response.body, skip: response.status === 200 ? at : 0 };
  response.body.destroy();
  throw new RegistryError(`${nameOf({ ...subject, host: session.host })}: ${problem}`, {
    details: [`it came from ${response.url.host}${response.url.pathname}`],
    hint: `check that ${session.host} is the registry and that no proxy changes its answers`,
  });
}

function wrongAnswer(response: RegistryResponse, { descriptor, at, end }: Download): string | undefined {
  if (isPage(response.headers)) return "the answer is a web page, not content";
  const { "content-length": length, "content-range": range } = response.headers;
  if (response.status === 206) {
    const start = /^bytes (\d+)-/.exec(range ?? "")?.[1];
    if (start === undefined || Number(start) !== at) return `the answer is another part than the one from byte ${at}`;
    if (length !== undefined && Number(length) !== end - at)
      return `the answer has ${length} bytes instead of ${end - at}`;
    return undefined;
  }
  if (length === undefined || Number(length) === descriptor.size) return undefined;
  return `it has ${length} bytes there, and should have ${descriptor.size}`;
}

/** Hands the bytes of one connection after the other on as one stream. */
function pump(download: Download, first: Opened): Readable {
  const abandoned = new AbortController();
  let current: Opened | undefined = first;
  let breaks = 0;
  let breaksHere = 0;
  let progressMark = download.at;

  const stream = new Readable({
    highWaterMark: 256 * 1024,
    read: () => void current?.body.resume(),
    destroy: (error, done) => {
      abandoned.abort();
      current?.body.destroy();
      done(error);
    },
  });

  function attach(opened: Opened): void {
    current = opened;
    opened.body.on("data", (chunk: Buffer) => onData(opened, chunk));
    opened.body.on("end", () => onEnd(opened));
    opened.body.on("error", (error: Error) => onBreak(opened, error));
    opened.body.on("close", () => onBreak(opened, new TransportError("reset", "the connection was closed")));
  }

  function onData(opened: Opened, chunk: Buffer): void {
    if (current !== opened) return;
    const skipped = Math.min(opened.skip, chunk.length);
    opened.skip -= skipped;
    const useful = chunk.subarray(skipped, skipped + download.end - download.at);
    if (useful.length === 0) return;
    download.at += useful.length;
    if (!stream.push(useful)) opened.body.pause();
    if (download.at === download.end) finish(opened);
  }

  /** What follows the wanted range, of a registry that ignores ranges, is not read. */
  function finish(opened: Opened): void {
    current = undefined;
    stream.push(null);
    if (opened.body.readableEnded) return;
    opened.body.resume();
    opened.body.once("data", () => opened.body.destroy());
  }

  function onEnd(opened: Opened): void {
    const { at, end } = download;
    onBreak(opened, new TransportError("reset", `the answer ends ${end - at} bytes early`));
  }

  function onBreak(opened: Opened, error: Error): void {
    if (current !== opened) return;
    current = undefined;
    opened.body.destroy();
    if (download.at - progressMark >= progressBytes) breaksHere = 0;
    progressMark = download.at;
    breaks += 1;
    breaksHere += 1;
    resume(error).catch((problem: unknown) => stream.destroy(download.session.explain(problem, download.subject)));
  }

  async function resume(error: Error): Promise<void> {
    const { session, subject } = download;
    const signal = AbortSignal.any([abandoned.signal, session.signal]);
    const number = breaks > breaksInAll || breaksHere > breaksWithoutProgress ? Number.POSITIVE_INFINITY : breaksHere;
    await session.retrier.pause(subject.object, signal, number, error);
    const opened = await reconnect(download, signal);
    if (stream.destroyed) opened.body.destroy();
    else attach(opened);
  }

  attach(first);
  first.body.pause();
  return stream;
}
