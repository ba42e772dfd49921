import { once } from "node:events";
import type { ClientReadableStream, Client, Metadata, MethodDefinition, ServiceError } from "@grpc/grpc-js";
import type { ServiceDefinition } from "@grpc/proto-loader";

/**
 * Message and service definitions of ours with only the fields that are used, in the JSON notation of protobuf.js.
 * Field numbers are those of the public definitions, which each file names.
 */
export interface ProtoDefinitions {
  readonly nested: Readonly<Record<string, unknown>>;
}

type Method = MethodDefinition<object, object>;

/** A client of one address that can call the methods of the given definitions. */
export interface GrpcChannel {
  /** Calls a method that takes one message (or, given a list, a stream of them) and answers with one. */
  readonly call: (service: string, method: string, request: object | readonly object[]) => Promise<unknown>;
  /** Calls a method that answers with a stream and collects it. */
  readonly collect: (service: string, method: string, request: object) => Promise<readonly unknown[]>;
  /** Calls a method that answers with a stream, which is read as fast as it is consumed; leaving the loop ends the call. */
  readonly download: (
    service: string,
    method: string,
    request: object,
    options?: LongCallOptions,
  ) => AsyncIterable<unknown>;
  /** Calls a method that takes a stream of messages, which are asked for as fast as the server takes them. */
  readonly upload: (
    service: string,
    method: string,
    messages: AsyncIterable<object>,
    options?: LongCallOptions,
  ) => Promise<unknown>;
  readonly close: () => void;
}

/** Of a call that moves much. */
export interface LongCallOptions {
  /** How long all of it may take; as long as other calls by default. */
  readonly deadlineMs?: number;
  /** Ends the call when it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

export interface GrpcOptions {
  readonly address: string;
  readonly definitions: ProtoDefinitions;
  readonly deadlineMs?: number;
  /** Asks the server once a minute whether it is still there, so that a long call does not wait for a dead one. */
  readonly keepAlive?: boolean;
  /** Metadata of each call, made at the time of the call. */
  readonly headers?: () => Readonly<Record<string, string>>;
}

/** Opens a plain-text channel; the connection comes about at the first call. */
export async function openGrpc(options: GrpcOptions): Promise<GrpcChannel> {
  const grpc = await import("@grpc/grpc-js");
  const { fromJSON } = await import("@grpc/proto-loader");
  const definition = fromJSON(options.definitions as Parameters<typeof fromJSON>[0], {
    longs: String,
    enums: String,
    defaults: true,
    oneofs: true,
  });
  const client: Client = new grpc.Client(options.address, grpc.credentials.createInsecure(), {
    // a name that does not resolve is told at once instead of being retried until the deadline
    "grpc.enable_retries": 0,
    // A server that is about to come up is found soon.
    "grpc.initial_reconnect_backoff_ms": 200,
    "grpc.max_reconnect_backoff_ms": 1000,
    // It would ask the DNS server of the host for settings under a name that only exists inside.
    "grpc.service_config_disable_resolution": 1,
    ...(options.keepAlive === true ? { "grpc.keepalive_time_ms": 60_000, "grpc.keepalive_timeout_ms": 30_000 } : {}),
  });
  const methodOf = (service: string, name: string): Method => {
    const found = (definition as Readonly<Record<string, ServiceDefinition | undefined>>)[service]?.[name];
    if (found === undefined) throw new TypeError(`no definition of ${service}/${name}`);
    return found;
  };
  const metadata = (): Metadata => {
    const made = new grpc.Metadata();
    for (const [name, value] of Object.entries(options.headers?.() ?? {})) made.set(name, value);
    return made;
  };
  const deadline = (own?: number): Date => new Date(Date.now() + (own ?? options.deadlineMs ?? 15_000));
  const openDownload = (
    service: string,
    name: string,
    request: object,
    long: LongCallOptions,
  ): ClientReadableStream<object> => {
    const { path, requestSerialize, responseDeserialize } = methodOf(service, name);
    return client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata(), {
      deadline: deadline(long.deadlineMs),
    });
  };
  return {
    call: async (service, name, request) => callOne(client, methodOf(service, name), request, metadata(), deadline()),
    collect: async (service, name, request) => {
      const messages: unknown[] = [];
      for await (const message of openDownload(service, name, request, {})) messages.push(message);
      return messages;
    },
    download: (service, name, request, long = {}) =>
      readThrough(() => openDownload(service, name, request, long), long.signal),
    upload: async (service, name, messages, long = {}) =>
      callWithMessages(client, methodOf(service, name), messages, {
        metadata: metadata(),
        deadline: deadline(long.deadlineMs),
        signal: long.signal,
      }),
    close: () => client.close(),
  };
}

/**
 * The messages of a stream; the call ends with the loop that reads them, and begins with it: a stream that fails before anybody reads it
 * tells nobody.
 */
async function* readThrough(
  open: () => ClientReadableStream<object>,
  signal: AbortSignal | undefined,
): AsyncGenerator<object, void, undefined> {
  signal?.throwIfAborted();
  const stream = open();
  const cancel = (): void => {
    stream.cancel();
  };
  // the loop gets it too, except when it has been left: then it only says that the call was cancelled
  stream.on("error", () => undefined);
  signal?.addEventListener("abort", cancel);
  try {
    for await (const message of stream) yield message as object;
  } finally {
    signal?.removeEventListener("abort", cancel);
    cancel();
  }
}

interface UploadCall {
  readonly metadata: Metadata;
  readonly deadline: Date;
  readonly signal: AbortSignal | undefined;
}

async function callWithMessages(
  client: Client,
  { path, requestSerialize, responseDeserialize }: Method,
  messages: AsyncIterable<object>,
  { metadata, deadline, signal }: UploadCall,
): Promise<unknown> {
  const ended = new AbortController();
  const answered = Promise.withResolvers<unknown>();
  // A call may fail while the next message is still being read: nobody waits for the answer then, who reads it later gets it all the same.
  answered.promise.catch(() => undefined);
  const stream = client.makeClientStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    metadata,
    { deadline },
    (error, value) => {
      if (error === null) answered.resolve(value);
      else answered.reject(error);
      ended.abort();
    },
  );
  // a failed call ends the stream as well; the callback already tells why
  stream.on("error", () => undefined);
  const cancel = (): void => {
    stream.cancel();
  };
  if (signal?.aborted === true) cancel();
  signal?.addEventListener("abort", cancel);
  try {
    for await (const message of messages) {
      if (ended.signal.aborted) break;
      // an answer before the end, which can only be a refusal, ends the wait too
      if (!stream.write(message)) await once(stream, "drain", { signal: ended.signal }).catch(() => undefined);
    }
    stream.end();
  } catch (error) {
    stream.cancel();
    throw error;
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  return answered.promise;
}

async function callOne(
  client: Client,
  { path, requestSerialize, responseDeserialize }: Method,
  request: object | readonly object[],
  metadata: Metadata,
  deadline: Date,
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const answered = (error: ServiceError | null, value?: object): void => {
      if (error === null) resolve(value);
      else reject(error);
    };
    if (!Array.isArray(request)) {
      client.makeUnaryRequest(path, requestSerialize, responseDeserialize, request, metadata, { deadline }, answered);
      return;
    }
    const stream = client.makeClientStreamRequest(
      path,
      requestSerialize,
      responseDeserialize,
      metadata,
      { deadline },
      answered,
    );
    // a failed call ends the stream as well; the callback already tells why
    stream.on("error", () => undefined);
    for (const message of request as readonly object[]) stream.write(message);
    stream.end();
  });
}

/** The status code of a gRPC error, or undefined for other errors. */
export function grpcCode(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("details" in error)) return undefined;
  const { code } = error as { readonly code?: unknown };
  return typeof code === "number" ? code : undefined;
}

export const grpcStatus = {
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  failedPrecondition: 9,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;
