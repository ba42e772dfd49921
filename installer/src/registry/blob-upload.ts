import { RegistryError } from "../errors/installer-error.ts";
import { askProgress, mayResume, sendRest } from "./blob-resume.ts";
import { askForBlob } from "./has-blob.ts";
import type { BlobOutcome, BlobPlacement } from "./registry-client.ts";
import { drain, Refusal } from "./refusal.ts";
import { locate, type RegistryRequest, type RegistryResponse } from "./registry-connection.ts";
import { nameOf } from "./registry-errors.ts";
import { type RegistrySession, scopeOf, type Subject } from "./registry-session.ts";
import { TransportError } from "../platform/transport-error.ts";

/**
 * Makes sure the repository has the blob: asked for, mounted or sent in one piece. A torn upload goes on where the
 * registry says it is, and starts again where the registry does not say.
 * @throws RegistryError when the registry finally refuses; errors of the source as they are
 */
export async function placeBlob(session: RegistrySession, placement: BlobPlacement): Promise<BlobOutcome> {
  const { repository, descriptor, signal } = placement;
  const subject: Subject = { object: `blob ${descriptor.digest}`, repository, action: "write" };
  const state: UploadState = {
    checkFirst: placement.checkFirst,
    mountFrom: placement.mountFrom,
    sent: false,
    forgotten: 0,
    offset: 0,
    torn: undefined,
  };
  for (let round = 1; ; round += 1) {
    const before = state.offset;
    try {
      return await session.retrier.run(subject.object, signal, () => attempt(session, placement, subject, state));
    } catch (error) {
      // An upload that makes progress is not given up for being torn often.
      if (round < mostRounds && state.offset > before && mayResume(error, placement)) continue;
      throw session.explain(error, subject);
    }
  }
}

const mostRounds = 20;

/** What one try learns for the next. */
interface UploadState {
  checkFirst: boolean;
  mountFrom: string | undefined;
  /** Bytes were sent, whether or not they arrived. */
  sent: boolean;
  /** Uploads that the registry gave up half way. */
  forgotten: number;
  /** How far the registry said an upload got. */
  offset: number;
  /** Where an upload broke off that may be gone on with. */
  torn: URL | undefined;
}

async function attempt(
  session: RegistrySession,
  placement: BlobPlacement,
  subject: Subject,
  state: UploadState,
): Promise<BlobOutcome> {
  if (state.checkFirst && (await askForBlob(session, { ...placement, actions: "pull,push" })))
    return state.sent ? "sent" : "present";
  if (state.torn !== undefined && (await goOn(session, placement, subject, { state, torn: state.torn }))) return "sent";
  const begun = await begin(session, placement, state);
  drain(begun.body);
  if (begun.status === 201) {
    compareDigest(begun, placement, session.host, subject);
    return "mounted";
  }
  // The answer to a mount that was not done is the start of an ordinary upload: it is used, not asked for again.
  state.mountFrom = undefined;
  const location = locationOf(begun, session.host, subject);
  // Should this fail, the bytes may have arrived all the same.
  state.checkFirst = true;
  state.sent = true;
  try {
    await finish(session, placement, subject, {
      location,
      body: async () => ({ size: placement.descriptor.size, stream: await placement.open() }),
      ...(placement.onBytes === undefined ? {} : { onSent: placement.onBytes }),
    });
    return "sent";
  } catch (error) {
    if (mayResume(error, placement)) state.torn = location;
    if (isForgotten(error) && (state.forgotten += 1) < 3) throw givenUp(error);
    throw error;
  }
}

/** Goes on with a torn upload. False when a new one has to be begun. */
async function goOn(
  session: RegistrySession,
  placement: BlobPlacement,
  subject: Subject,
  { state, torn }: { readonly state: UploadState; readonly torn: URL },
): Promise<boolean> {
  const progress = await askProgress(session, placement, torn);
  state.torn = undefined;
  if (progress === undefined) return false;
  state.offset = Math.max(state.offset, progress.offset);
  try {
    let { location } = progress;
    if (progress.offset < placement.descriptor.size) {
      const sent = await sendRest(session, placement, progress);
      if (sent === undefined) return false;
      drain(sent.body);
      location = locationOf(sent, session.host, subject);
    }
    await finish(session, placement, subject, { location });
    return true;
  } catch (error) {
    if (mayResume(error, placement)) state.torn = progress.location;
    // What was there before may be what is wrong: once more from the start tells.
    if (error instanceof Refusal && error.status < 500 && (state.forgotten += 1) < 3) throw givenUp(error);
    throw error;
  }
}

function givenUp(cause: unknown): TransportError {
  return new TransportError("reset", "the registry gave the upload up half way", { cause });
}

async function finish(
  session: RegistrySession,
  placement: BlobPlacement,
  subject: Subject,
  { location, ...content }: Pick<RegistryRequest, "body" | "onSent"> & { readonly location: URL },
): Promise<void> {
  // Appended by hand: the registry's own part of the query may be signed and must stay as it is.
  const { href } = location;
  const separator = href.endsWith("?") ? "" : location.search === "" ? "?" : "&";
  const done = await session.once(
    {
      method: "PUT",
      target: new URL(`${href}${separator}digest=${encodeURIComponent(placement.descriptor.digest)}`),
      headers: { "content-type": "application/octet-stream" },
      scopes: [scopeOf(placement.repository, "pull,push")],
      signal: placement.signal,
      ...content,
    },
    [201, 204],
  );
  drain(done.body);
  compareDigest(done, placement, session.host, subject);
}

/** The upload is not known any more, or another part of the registry has it: a new one may work. */
function isForgotten(error: unknown): boolean {
  if (!(error instanceof Refusal)) return false;
  return error.has("BLOB_UPLOAD_UNKNOWN") || error.has("BLOB_UPLOAD_INVALID") || error.status === 416;
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

function locationOf(answer: RegistryResponse, host: string, subject: Subject): URL {
  const location = answer.headers["location"];
  if (location !== undefined) return locate(location, answer.url, host);
  throw new RegistryError(`${nameOf({ ...subject, host })}: the registry does not say where to send it`, {
    hint: `check that ${host} is a registry`,
  });
}

function compareDigest(response: RegistryResponse, placement: BlobPlacement, host: string, subject: Subject): void {
  const answered = response.headers["docker-content-digest"];
  if (answered === undefined || answered === placement.descriptor.digest) return;
  throw new RegistryError(`${nameOf({ ...subject, host })}: the registry stored it as ${answered.slice(0, 80)}`, {
    hint: "it received other bytes than were sent: look at proxies in between",
  });
}
