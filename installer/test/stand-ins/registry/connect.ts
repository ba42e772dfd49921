import { Readable } from "node:stream";
import type { Descriptor } from "../../../src/oci/descriptor.ts";
import { createClock } from "../../../src/platform/clock.ts";
import { createHttp } from "../../../src/platform/http-client.ts";
import { createRegistryClient, type RegistryClientOptions } from "../../../src/registry/create-registry-client.ts";
import type { CredentialStore } from "../../../src/registry/credentials.ts";
import type { BlobPlacement, RegistryClient } from "../../../src/registry/registry-client.ts";
import { createSeededRandom } from "../../support/memory-ports.ts";

/** Retries as in earnest, but without waiting long. */
export const hastyRetry = { attempts: 4, firstDelayMs: 4, longestDelayMs: 20, longestRetryAfterMs: 5000 };

interface ConnectOptions extends Partial<RegistryClientOptions> {
  readonly connections?: number;
  readonly ca?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** The real client on a test registry; to be closed. */
export function connectTo(registry: { readonly host: string }, options: ConnectOptions = {}): RegistryClient {
  const { connections = 4, ca, environment = {}, ...rest } = options;
  return createRegistryClient({
    host: registry.host,
    http: createHttp({ connections, environment, ...(ca === undefined ? {} : { ca }) }),
    clock: createClock(),
    random: createSeededRandom(),
    signal: new AbortController().signal,
    retry: hastyRetry,
    ...rest,
  });
}

/** One user, whatever the host. */
export function user(username: string, password: string): CredentialStore {
  return { find: () => Promise.resolve({ kind: "password", username, password }) };
}

/** A blob that is to be placed; opened as often as it is tried. */
export function placementOf(
  repository: string,
  blob: { readonly descriptor: Descriptor; readonly bytes: Buffer },
  options: Partial<BlobPlacement> = {},
): BlobPlacement {
  return {
    repository,
    descriptor: blob.descriptor,
    open: () => Promise.resolve(Readable.from(chunked(blob.bytes))),
    checkFirst: false,
    signal: new AbortController().signal,
    ...options,
  };
}

/** Everything a stream gives. */
export async function collect(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function* chunked(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}
