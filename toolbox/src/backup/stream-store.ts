import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BackupStreams } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { tellProgress } from "./copy-progress.ts";
import type { CopyContext, CopyResult } from "./copy.ts";
import {
  damageOf,
  type FileSum,
  isMissing,
  readJson,
  receiveFile,
  refuseDamage,
  toJson,
  unfinishedCopy,
  writeWhole,
} from "./folder-files.ts";
import { openStreamServer, type StreamServer, type StreamSnapshot, type StreamState } from "./stream-server.ts";

/** `streams/<name>.json`: what the server said when it sent the file beside it. */
interface SavedStream extends StreamSnapshot, FileSum {
  readonly name: string;
}

/** `streams.json`, which is written last. */
interface StreamIndex {
  readonly streams: readonly { readonly name: string; readonly sha256: string }[];
}

const indexFile = "streams.json";
const subfolder = "streams";

/** Names hold no dots, but may hold what a file name may not. */
function filesOf(folder: string, name: string) {
  const base = join(folder, subfolder, encodeURIComponent(name));
  return { record: `${base}.json`, snapshot: `${base}.tar.s2` };
}

/**
 * Copies all streams with their consumers into the folder, each as the server's own snapshot, anew every time: there is no copy of what
 * has changed. Streams of Slipway's checks are left out.
 * @throws ToolboxError that names the stream; then the folder is no finished copy until a later run has succeeded
 */
export async function saveStreams(access: BackupStreams, folder: string, context: CopyContext): Promise<CopyResult> {
  return withServer(access, async (server) => {
    await mkdir(join(folder, subfolder), { recursive: true, mode: 0o700 });
    await rm(join(folder, indexFile), { force: true });
    const names = await server.names();
    const progress = tellProgress(context, "items", names.length);
    const streams: { readonly name: string; readonly sha256: string }[] = [];
    let bytes = 0;
    for (const name of names) {
      const saved = await naming("copying stream", name, async () => saveStream(server, folder, name));
      progress.advance(1);
      if (saved === undefined) {
        context.log(`stream ${name} was removed meanwhile and is left out`);
        continue;
      }
      bytes += saved.bytes;
      streams.push({ name, sha256: saved.sha256 });
    }
    await removeOthers(folder, streams);
    await writeWhole(join(folder, indexFile), toJson({ streams } satisfies StreamIndex));
    progress.finish();
    return { items: streams.length, bytes, changedBytes: bytes };
  });
}

/** The bytes of the snapshot and the hash of the record, or undefined when there is no such stream. */
async function saveStream(server: StreamServer, folder: string, name: string): Promise<FileSum | undefined> {
  const files = filesOf(folder, name);
  const begun = await server.snapshot(name);
  if (begun === undefined) return undefined;
  const sum = await receiveFile(files.snapshot, begun.parts);
  const { sha256 } = await writeWhole(files.record, toJson({ name, ...begun.said, ...sum } satisfies SavedStream));
  return { bytes: sum.bytes, sha256 };
}

async function removeOthers(folder: string, streams: StreamIndex["streams"]): Promise<void> {
  const kept = new Set(streams.flatMap(({ name }) => Object.values(filesOf(folder, name))));
  for (const name of await readdir(join(folder, subfolder))) {
    const path = join(folder, subfolder, name);
    if (!kept.has(path)) await rm(path);
  }
}

/**
 * Puts all streams of the folder into the server, with their consumers. All files are checked, and all names looked at, before anything is
 * changed. A stream that is there with the same messages is left as it is; run again after an interruption it finishes.
 * The server forgets which message ids it has seen: restart it before anybody publishes.
 * @throws ToolboxError that names what is damaged, in the way, or not as it was written down
 */
export async function restoreStreams(
  access: BackupStreams,
  folder: string,
  // Nothing to choose yet; the three kinds of stores are called in the same way.
  _options: Readonly<Record<string, never>>,
  context: CopyContext,
): Promise<CopyResult> {
  const saved = await checkCopy(folder);
  return withServer(access, async (server) => {
    const missing: SavedStream[] = [];
    for (const stream of saved) {
      if (!(await naming("looking at stream", stream.name, async () => isThere(server, stream)))) missing.push(stream);
    }
    const progress = tellProgress(context, "items", missing.length);
    for (const stream of missing) {
      await naming("putting back stream", stream.name, async () => restoreStream(server, folder, stream));
      progress.advance(1);
    }
    progress.finish();
    return { items: saved.length, bytes: total(saved), changedBytes: total(missing) };
  });
}

function total(streams: readonly SavedStream[]): number {
  return streams.reduce((sum, { bytes }) => sum + bytes, 0);
}

async function isThere(server: StreamServer, stream: SavedStream): Promise<boolean> {
  const there = await server.state(stream.name);
  if (there === undefined) return false;
  if (isSame(stream, there)) return true;
  throw new ToolboxError(
    `it is there with other content: ${describe(there)} instead of ${describe(stream.state)}; nothing was changed`,
    { advice: "remove the stream if its messages may be lost; an existing one is never overwritten" },
  );
}

async function restoreStream(server: StreamServer, folder: string, stream: SavedStream): Promise<void> {
  const { config, state } = stream;
  await server.restore(stream.name, { config, state }, filesOf(folder, stream.name).snapshot);
  const there = await server.state(stream.name);
  if (there !== undefined && isSame(stream, there)) return;
  throw new ToolboxError(
    `it is not as it was saved: ${there === undefined ? "it is not there" : describe(there)} instead of ${describe(stream.state)}`,
  );
}

/** From some streams messages go by themselves: by age, or because a consumer has taken them. */
function isSame({ config, state }: SavedStream, there: StreamState): boolean {
  const mayShrink =
    config["retention"] !== "limits" || Number(config["max_age"] ?? 0) > 0 || config["allow_msg_ttl"] === true;
  if (there.last_seq !== state.last_seq) return false;
  return mayShrink ? there.messages <= state.messages : there.messages === state.messages;
}

function describe({ messages, last_seq: last }: StreamState): string {
  return `${messages} messages up to number ${last}`;
}

async function checkCopy(folder: string): Promise<readonly SavedStream[]> {
  const index = (await readJson(join(folder, indexFile))) as Partial<StreamIndex> | undefined;
  if (index?.streams === undefined) throw unfinishedCopy("the streams", indexFile);
  const damages: string[] = [];
  const checked: SavedStream[] = [];
  for (const entry of index.streams) {
    const files = filesOf(folder, entry.name);
    const saved = await readRecord(files.record, entry.sha256);
    if (saved === undefined) {
      damages.push(`${files.record.slice(folder.length + 1)} is missing or has another content than was written`);
      continue;
    }
    const damage = await damageOf(files.snapshot, saved);
    if (damage !== undefined) damages.push(`${files.snapshot.slice(folder.length + 1)} ${damage}`);
    checked.push(saved);
  }
  refuseDamage("the streams", damages);
  return checked;
}

async function readRecord(path: string, sha256: string): Promise<SavedStream | undefined> {
  try {
    const text = await readFile(path);
    if (createHash("sha256").update(text).digest("hex") !== sha256) return undefined;
    return JSON.parse(text.toString("utf8")) as SavedStream;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

async function withServer<Result>(
  access: BackupStreams,
  use: (server: StreamServer) => Promise<Result>,
): Promise<Result> {
  const server = await openStreamServer(access);
  try {
    return await use(server);
  } finally {
    await server.close();
  }
}

async function naming<Result>(doing: string, name: string, act: () => Promise<Result>): Promise<Result> {
  try {
    return await act();
  } catch (error) {
    const advice =
      error instanceof ToolboxError ? error.advice : "look at the log of NATS; run it again, what was done is kept";
    throw new ToolboxError(`${doing} ${name}: ${errorText(error)}`, { ...(advice && { advice }), cause: error });
  }
}
