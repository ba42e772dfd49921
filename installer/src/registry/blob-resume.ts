import { Readable } from "node:stream";
import { TransportError } from "../platform/transport-error.ts";
import type { BlobPlacement } from "./registry-client.ts";
import { drain, Refusal } from "./refusal.ts";
import { locate, type RegistryResponse } from "./registry-connection.ts";
import { type RegistrySession, scopeOf } from "./registry-session.ts";

/** Less than this is sent again rather than asked for. */
const worthResuming = 1024 * 1024;

/** How far an upload got, as the registry tells. */
export interface UploadProgress {
  readonly location: URL;
  readonly offset: number;
}

/** Whether a failed upload may have left enough at the registry to go on from. */
export function mayResume(error: unknown, placement: BlobPlacement): boolean {
  return error instanceof TransportError && error.fault !== "aborted" && placement.descriptor.size > worthResuming;
}

/**
 * Asks how far a torn upload got. Distribution 3 tells; 2.8 cancels the upload instead, and then it is started again, as it
 * is where the answer makes no sense.
 * @throws TransportError when there is no answer
 */
export async function askProgress(
  session: RegistrySession,
  placement: BlobPlacement,
  location: URL,
): Promise<UploadProgress | undefined> {
  const { repository, descriptor, signal } = placement;
  try {
    const scopes = [scopeOf(repository, "pull,push")];
    const response = await session.once({ method: "GET", target: location, scopes, signal }, [204]);
    drain(response.body);
    const last = Number(/^(?:bytes=)?0-(\d+)$/.exec(response.headers["range"] ?? "")?.[1] ?? Number.NaN);
    if (!(last + 1 >= worthResuming) || last + 1 > descriptor.size) return undefined;
    const next = response.headers["location"];
    return { offset: last + 1, location: next === undefined ? location : locate(next, response.url, session.host) };
  } catch (error) {
    if (error instanceof Refusal) return undefined;
    throw error;
  }
}

/**
 * Sends the bytes from there on. Where they begin is said with them, so that a registry that got further meanwhile refuses
 * instead of storing some twice.
 * @returns the answer that says where to finish the upload; undefined when it is to be started again
 */
export async function sendRest(
  session: RegistrySession,
  placement: BlobPlacement,
  { location, offset }: UploadProgress,
): Promise<RegistryResponse | undefined> {
  const { repository, descriptor, signal, onBytes } = placement;
  const size = descriptor.size - offset;
  try {
    return await session.once(
      {
        method: "PATCH",
        target: location,
        headers: {
          "content-type": "application/octet-stream",
          "content-range": `${offset}-${descriptor.size - 1}`,
        },
        body: async () => ({
          size,
          stream: Readable.from(from(await placement.open(), offset), { objectMode: false }),
        }),
        scopes: [scopeOf(repository, "pull,push")],
        signal,
        ...(onBytes === undefined ? {} : { onSent: onBytes }),
      },
      [202],
    );
  } catch (error) {
    if (error instanceof Refusal && error.status < 500 && error.status !== 429) return undefined;
    throw error;
  }
}

/** Leaves out the first bytes: reading them again is nothing beside sending them. */
async function* from(stream: Readable, offset: number): AsyncGenerator<Buffer> {
  let left = offset;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    if (left < chunk.length) yield left === 0 ? chunk : chunk.subarray(left);
    left = Math.max(0, left - chunk.length);
  }
}
