import { RegistryError } from "../errors/installer-error.ts";
import type { BlobOutcome, BlobPlacement } from "./registry-client.ts";
import { Refusal } from "./refusal.ts";
import { locate, type RegistryResponse } from "./registry-connection.ts";
import { nameOf } from "./registry-errors.ts";
import { type RegistrySession, scopeOf, type Subject } from "./registry-session.ts";
import { TransportError } from "../platform/http-client.ts";

/**
 * Makes sure the repository has the blob: asked for, mounted or sent in one piece. A torn upload begins anew, because
 * distribution 2.8 cancels one whose chunk was cut off.
 * @throws RegistryError when the registry finally refuses; errors of the source as they are
 */
export async function placeBlob(session: RegistrySession, placement: BlobPlacement): Promise<BlobOutcome> {
  const { repository, descriptor, signal } = placement;
  const subject: Subject = { object: `blob ${descriptor.digest}`, repository, action: "write" };
  // Which of those a retry may leave out is learnt on the way.
  const state: UploadState = { checkFirst: placement.checkFirst, mountFrom: placement.mountFrom };
  try {
    return await session.retrier.run(subject.object, signal, () => attempt(session, placement, subject, state));
  } catch (error) {
    throw session.explain(error, subject);
  }
}

interface UploadState {
  checkFirst: boolean;
  mountFrom: string | undefined;
  /** Uploads that the registry forgot half way. */
  forgotten?: number;
}

async function attempt(
  session: RegistrySession,
  placement: BlobPlacement,
  subject: Subject,
  state: UploadState,
): Promise<BlobOutcome> {
  if (state.checkFirst && (await hasBlob(session, placement)))
    return state.forgotten === undefined ? "present" : "sent";
  const begun = await begin(session, placement, state);
  if (begun.status === 201) {
    begun.body.resume();
    compareDigest(begun, placement, session.host, subject);
    return "mounted";
  }
  begun.body.resume();
  // The answer to a mount that was not done is the start of an ordinary upload: it is used, not asked for again.
  state.mountFrom = undefined;
  const target = uploadTarget(begun, placement, session.host, subject);
  // Should this fail, the bytes may have arrived all the same.
  state.checkFirst = true;
  state.forgotten ??= 0;
  try {
    const done = await session.once(
      {
        method: "PUT",
        target,
        headers: { "content-type": "application/octet-stream" },
        body: async () => ({ size: placement.descriptor.size, stream: await placement.open() }),
        scopes: [scopeOf(placement.repository, "pull,push")],
        signal: placement.signal,
        ...(placement.onBytes === undefined ? {} : { onSent: placement.onBytes }),
      },
      [201, 204],
    );
    done.body.resume();
    compareDigest(done, placement, session.host, subject);
    return "sent";
  } catch (error) {
    if (isForgotten(error) && (state.forgotten += 1) < 3) {
      throw new TransportError("reset", "the registry gave the upload up half way", { cause: error });
    }
    throw error;
  }
}

/** The upload is not known any more, or another part of the registry has it: a new one may work. */
function isForgotten(error: unknown): boolean {
  if (!(error instanceof Refusal)) return false;
  return error.has("BLOB_UPLOAD_UNKNOWN") || error.has("BLOB_UPLOAD_INVALID") || error.status === 416;
}

async function hasBlob(session: RegistrySession, { repository, descriptor, signal }: BlobPlacement): Promise<boolean> {
  const response = await session.once(
    {
      method: "HEAD",
      target: `/v2/${repository}/blobs/${descriptor.digest}`,
      scopes: [scopeOf(repository, "pull,push")],
      signal,
    },
    [200, 404],
  );
  response.body.resume();
  const length = response.headers["content-length"];
  return response.status === 200 && (length === undefined || Number(length) === descriptor.size);
}

async function begin(
  session: RegistrySession,
  placement: BlobPlacement,
  state: UploadState,
): Promise<RegistryResponse> {
  const { repository, descriptor, signal } = placement;
  const path = `/v2/${repository}/blobs/uploads/`;
  const push = scopeOf(repository, "pull,push");
  if (state.mountFrom !== undefined && state.mountFrom !== repository) {
    const query = new URLSearchParams({ mount: descriptor.digest, from: state.mountFrom }).toString();
    const scopes = [push, scopeOf(state.mountFrom, "pull")];
    try {
      return await session.once({ method: "POST", target: `${path}?${query}`, scopes, signal }, [201, 202]);
    } catch (error) {
      // Some registries forbid mounts, or this one: the bytes are sent instead.
      if (!(error instanceof Refusal) || ![400, 401, 403, 404, 405].includes(error.status)) throw error;
      state.mountFrom = undefined;
    }
  }
  return session.once({ method: "POST", target: path, scopes: [push], signal }, [202]);
}

function uploadTarget(begun: RegistryResponse, placement: BlobPlacement, host: string, subject: Subject): URL {
  const location = begun.headers["location"];
  if (location === undefined) {
    throw new RegistryError(`${nameOf({ ...subject, host })}: the registry does not say where to send it`, {
      hint: `check that ${host} is a registry`,
    });
  }
  const url = locate(location, begun.url, host);
  // Appended by hand: the registry's own part of the query may be signed and must stay as it is.
  const separator = url.search === "" ? "?" : "&";
  return new URL(`${url.href}${separator}digest=${encodeURIComponent(placement.descriptor.digest)}`);
}

function compareDigest(response: RegistryResponse, placement: BlobPlacement, host: string, subject: Subject): void {
  const answered = response.headers["docker-content-digest"];
  if (answered === undefined || answered === placement.descriptor.digest) return;
  throw new RegistryError(`${nameOf({ ...subject, host })}: the registry stored it as ${answered.slice(0, 80)}`, {
    hint: "it received other bytes than were sent: look at proxies in between",
  });
}
