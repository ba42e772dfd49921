import type { Client, Metadata, MethodDefinition, ServiceError } from "@grpc/grpc-js";
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
  readonly close: () => void;
}

export interface GrpcOptions {
  readonly address: string;
  readonly definitions: ProtoDefinitions;
  readonly deadlineMs?: number;
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
  const deadline = (): Date => new Date(Date.now() + (options.deadlineMs ?? 15_000));
  return {
    call: async (service, name, request) => callOne(client, methodOf(service, name), request, metadata(), deadline()),
    collect: async (service, name, request) => {
      const method = methodOf(service, name);
      const { path, requestSerialize, responseDeserialize } = method;
      const stream = client.makeServerStreamRequest(path, requestSerialize, responseDeserialize, request, metadata(), {
        deadline: deadline(),
      });
      const messages: unknown[] = [];
      for await (const message of stream) messages.push(message);
      return messages;
    },
    close: () => client.close(),
  };
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
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;
