import { createReadStream } from "node:fs";
import type { Msg, NatsConnection, Subscription } from "@nats-io/transport-node";
import type { BackupStreams } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";

/** The part of a stream's state that says whether two are the same. */
export interface StreamState {
  readonly messages: number;
  readonly last_seq: number;
}

/** What the server says of a stream at its snapshot; the rest of both is kept as it is and given back to it. */
export interface StreamSnapshot {
  readonly config: Readonly<Record<string, unknown>>;
  readonly state: StreamState;
}

/** The calls of JetStream that copying needs. */
export interface StreamServer {
  /** Sorted, without those of Slipway's checks. */
  readonly names: () => Promise<readonly string[]>;
  /** Undefined where there is no such stream. */
  readonly state: (name: string) => Promise<StreamState | undefined>;
  /** Begins a snapshot with all consumers; the parts are sent as fast as they are read. Undefined as above. */
  readonly snapshot: (
    name: string,
  ) => Promise<{ readonly said: StreamSnapshot; readonly parts: AsyncIterable<Uint8Array> } | undefined>;
  /** Makes the stream, with its consumers, from the file of a snapshot. */
  readonly restore: (name: string, said: StreamSnapshot, file: string) => Promise<void>;
  readonly close: () => Promise<void>;
}

const answerMs = 30_000;
/** The server ends a restore or a snapshot of which it hears nothing; so do we. */
const silenceMs = 60_000;
const partSize = 128 * 1024;
const streamNotFound = 10_059;

interface ApiError {
  readonly code: number;
  readonly err_code?: number;
  readonly description?: string;
}

/**
 * Logs in to JetStream.
 * @throws ToolboxError when it cannot be reached or refuses the password
 */
export async function openStreamServer({ url, user, password }: BackupStreams): Promise<StreamServer> {
  const connection = await logIn(url, user, password);
  const ask = async (subject: string, request: object): Promise<unknown> => {
    const answer = await connection.request(`$JS.API.${subject}`, JSON.stringify(request), { timeout: answerMs });
    return answer.json();
  };
  return {
    names: async () => listNames(ask),
    state: async (name) => {
      const info = okOrMissing(await ask(`STREAM.INFO.${name}`, {})) as { readonly state: StreamState } | undefined;
      return info?.state;
    },
    snapshot: async (name) => {
      const { createInbox } = await import("@nats-io/transport-node");
      const inbox = createInbox();
      // before the request: the first part may come before the answer
      const parts = connection.subscribe(inbox);
      const request = { deliver_subject: inbox, chunk_size: partSize };
      const said = okOrMissing(await ask(`STREAM.SNAPSHOT.${name}`, request)) as StreamSnapshot | undefined;
      if (said !== undefined) return { said: { config: said.config, state: said.state }, parts: readParts(parts) };
      parts.unsubscribe();
      return undefined;
    },
    restore: async (name, said, file) => {
      const begun = ok(await ask(`STREAM.RESTORE.${name}`, said)) as { readonly deliver_subject: string };
      await sendParts(connection, begun.deliver_subject, file);
    },
    close: async () => connection.close(),
  };
}

async function logIn(url: string, user: string, pass: string): Promise<NatsConnection> {
  const { connect } = await import("@nats-io/transport-node");
  try {
    const login = { servers: [url], user, pass, name: "slipway-backup" };
    return await connect({ ...login, timeout: 8000, reconnect: false, ignoreClusterUpdates: true });
  } catch (error) {
    throw new ToolboxError(`logging in to NATS: ${errorText(error)}`, {
      advice: "look at the log of NATS: it does not run, or its configuration holds another password",
      cause: error,
    });
  }
}

interface NamesPage {
  readonly total: number;
  readonly streams: readonly string[] | null;
}

async function listNames(ask: (subject: string, request: object) => Promise<unknown>): Promise<readonly string[]> {
  const names: string[] = [];
  for (;;) {
    const page = ok(await ask("STREAM.NAMES", { offset: names.length })) as NamesPage;
    names.push(...(page.streams ?? []));
    if (names.length >= page.total || (page.streams ?? []).length === 0) break;
  }
  return names.filter((name) => !name.startsWith("slipway-verify")).toSorted();
}

/** The parts of a snapshot, each acknowledged once it has been taken, which is what makes the server send more. */
async function* readParts(parts: Subscription): AsyncGenerator<Uint8Array, void, undefined> {
  let silence = setTimeout(() => parts.unsubscribe(), silenceMs);
  try {
    for await (const message of parts) {
      clearTimeout(silence);
      if (message.data.length === 0) {
        refuseBadEnd(message);
        return;
      }
      yield message.data;
      message.respond();
      silence = setTimeout(() => parts.unsubscribe(), silenceMs);
    }
  } finally {
    clearTimeout(silence);
    parts.unsubscribe();
  }
  throw new ToolboxError("the server stopped sending before the end of the snapshot", {
    advice: "look at the log of NATS; run it again",
  });
}

/** The empty message that ends a snapshot says in its status whether it is whole. */
function refuseBadEnd({ headers }: Msg): void {
  if (headers === undefined || headers.code < 300) return;
  throw new ToolboxError(`the server broke off the snapshot: ${headers.code} ${headers.description}`);
}

async function sendParts(connection: NatsConnection, subject: string, file: string): Promise<void> {
  for await (const part of createReadStream(file, { highWaterMark: partSize })) {
    refuseError(await connection.request(subject, part as Buffer, { timeout: silenceMs }));
  }
  refuseError(await connection.request(subject, "", { timeout: silenceMs }));
}

/** A part that was taken is answered with nothing, or with the stream that it has made. */
function refuseError(answer: Msg): void {
  if (answer.data.length > 0) ok(answer.json());
}

function ok(answer: unknown): object {
  const { error } = answer as { readonly error?: ApiError };
  if (error !== undefined) throw new ToolboxError(`JetStream says ${error.description ?? `error ${error.code}`}`);
  return answer as object;
}

function okOrMissing(answer: unknown): object | undefined {
  const { error } = answer as { readonly error?: ApiError };
  return error?.err_code === streamNotFound ? undefined : ok(answer);
}
