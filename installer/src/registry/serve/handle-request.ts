import { pipeline, Transform } from "node:stream";
import type { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { RegistryError } from "../../errors/installer-error.ts";
import type { Content } from "../../oci/content.ts";
import { type Descriptor, mediaTypes } from "../../oci/descriptor.ts";
import { isDigest, verifyContent } from "../../oci/digest.ts";
import { parseByteRange } from "./byte-range.ts";
import { manifestType, readManifestBytes, type ServedImages, type ServedRepository } from "./served-images.ts";

export interface ServedRequest {
  readonly method: string;
  /** Path and query as they came: `/v2/slipway/postgres/tags/list?n=5`. */
  readonly target: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>;
}

export interface ServedResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream that fails half way ends the connection. Absent for HEAD. */
  readonly body?: Buffer | Readable;
}

export type RegistryHandler = (request: ServedRequest) => Promise<ServedResponse>;

const longestTarget = 4096;
const route =
  /^\/v2\/(?<name>[a-z0-9][a-z0-9._/-]{0,254})\/(?:(?<kind>manifests|blobs|referrers)\/(?<what>[^/]+)|tags\/list)$/;

/** Content that may say that whole blobs fail by themselves when they are not what they should be. */
export interface ServedContent extends Content {
  readonly checked?: boolean;
}

/** A read-only registry by the OCI distribution specification 1.1 over what `served` has. */
export function createRegistryHandler(served: ServedImages, content: ServedContent): RegistryHandler {
  const blobs = blobAnswers(content);
  const answer = async (request: ServedRequest, url: URL): Promise<ServedResponse> => {
    if (!["GET", "HEAD"].includes(request.method)) return failure(405, "UNSUPPORTED", "this registry is read-only");
    if (url.pathname === "/v2/" || url.pathname === "/v2") return json({});
    if (url.pathname === "/v2/_catalog") return listed(url, "repositories", served.names, {});
    const found = route.exec(url.pathname)?.groups;
    const name = found?.["name"];
    if (name === undefined) return failure(404, "UNSUPPORTED", "there is nothing at this path");
    const repository = served.find(name, url.searchParams.get("ns") ?? undefined);
    if (repository === undefined) return failure(404, "NAME_UNKNOWN", `${name} is not served here`);
    if (found?.["what"] === undefined) return listed(url, "tags", [...repository.tags.keys()].sort(), { name });
    return partAnswer(repository, found, request, url);
  };
  const partAnswer = async (
    repository: ServedRepository,
    { kind, what = "" }: Readonly<Record<string, string>>,
    request: ServedRequest,
    url: URL,
  ): Promise<ServedResponse> => {
    if (kind === "manifests") return manifestAnswer(repository, what, content, request);
    if (kind === "blobs") return blobs(repository, what, request);
    // A plus that a client left as it is arrives as a space, which no type has.
    return referrersAnswer(repository, what, url.searchParams.get("artifactType")?.replaceAll(" ", "+"));
  };
  return async (request) => {
    const url = targetUrl(request.target);
    if (url === undefined) return failure(400, "NAME_INVALID", "this is not a path of a registry");
    const response = await answer(request, url);
    const headers = { "docker-distribution-api-version": "registry/2.0", ...response.headers };
    if (request.method !== "HEAD" || response.body === undefined) return { ...response, headers };
    if (!Buffer.isBuffer(response.body)) response.body.destroy();
    return { status: response.status, headers };
  };
}

function targetUrl(target: string): URL | undefined {
  if (target.length > longestTarget || !target.startsWith("/")) return undefined;
  return URL.canParse(`http://registry${target}`) ? new URL(`http://registry${target}`) : undefined;
}

async function manifestAnswer(
  repository: ServedRepository,
  what: string,
  content: Content,
  request: ServedRequest,
): Promise<ServedResponse> {
  const descriptor = isDigest(what) ? repository.manifests.get(what) : repository.tags.get(what);
  if (descriptor === undefined) return failure(404, "MANIFEST_UNKNOWN", `there is no manifest ${what}`);
  const headers = { ...contentHeaders(descriptor), "content-type": manifestType(descriptor) };
  if (isKnown(request, descriptor)) return { status: 304, headers: { etag: headers.etag } };
  if (request.method === "HEAD") return { status: 200, headers };
  return { status: 200, headers, body: await readManifestBytes(descriptor, content) };
}

type BlobAnswer = (repository: ServedRepository, digest: string, request: ServedRequest) => Promise<ServedResponse>;

function blobAnswers(content: ServedContent): BlobAnswer {
  // A part cannot be checked by itself: the blob is, once, before the first part of it is given away.
  const whole = new Map<string, Promise<void>>();
  const checkWhole = async (descriptor: Descriptor): Promise<void> => {
    const known = whole.get(descriptor.digest) ?? finished((await openChecked(descriptor, content)).resume());
    whole.set(descriptor.digest, known);
    await known;
  };
  return async (repository, digest, request) => {
    if (!isDigest(digest)) return failure(400, "DIGEST_INVALID", `${digest} is not a SHA-256 digest`);
    const descriptor = repository.blobs.get(digest) ?? repository.manifests.get(digest);
    if (descriptor === undefined) return failure(404, "BLOB_UNKNOWN", `there is no blob ${digest}`);
    const headers = {
      ...contentHeaders(descriptor),
      "content-type": "application/octet-stream",
      "accept-ranges": "bytes",
    };
    if (isKnown(request, descriptor)) return { status: 304, headers: { etag: headers.etag } };
    const range = parseByteRange(request.headers["range"], descriptor.size);
    if (range === "unsatisfiable") {
      const refused = failure(416, "RANGE_INVALID", `the blob has ${descriptor.size} bytes`);
      return { ...refused, headers: { ...refused.headers, "content-range": `bytes */${descriptor.size}` } };
    }
    if (request.method === "HEAD") return { status: 200, headers };
    if (range === undefined) return { status: 200, headers, body: await openChecked(descriptor, content) };
    await checkWhole(descriptor);
    const { start, end } = range;
    return {
      status: 206,
      headers: {
        ...headers,
        "content-length": String(end - start),
        "content-range": `bytes ${start}-${end - 1}/${descriptor.size}`,
      },
      body: await content.open(descriptor, range),
    };
  };
}

/** The bytes of a blob; the last of them come only when all were right, so that a reader never sees a whole wrong blob. */
async function openChecked(descriptor: Descriptor, content: ServedContent): Promise<Readable> {
  const toError = (problem: string): Error => new RegistryError(`the blob ${descriptor.digest} ${problem}`);
  const bytes = await content.open(descriptor);
  if (content.checked === true) return pipeline(bytes, holdLast(), () => undefined);
  // `pipeline` hands an error of any part to the last one, which the caller reads.
  return pipeline(bytes, verifyContent(descriptor, toError), holdLast(), () => undefined);
}

function holdLast(): Transform {
  let held: Buffer | undefined;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const before = held;
      held = chunk;
      done(null, before);
    },
    flush(done) {
      done(null, held);
    },
  });
}

function referrersAnswer(repository: ServedRepository, digest: string, type: string | undefined): ServedResponse {
  if (!isDigest(digest)) return failure(400, "DIGEST_INVALID", `${digest} is not a SHA-256 digest`);
  const all = repository.referrers.get(digest) ?? [];
  const manifests = type === undefined ? all : all.filter((descriptor) => descriptor.artifactType === type);
  const answer = json({ schemaVersion: 2, mediaType: mediaTypes.ociIndex, manifests });
  return {
    ...answer,
    headers: {
      ...answer.headers,
      "content-type": mediaTypes.ociIndex,
      ...(type === undefined ? {} : { "oci-filters-applied": "artifactType" }),
    },
  };
}

/** A list in pages: `n` entries after `last`, with a link to the next page. */
function listed(url: URL, key: string, all: readonly string[], head: Readonly<Record<string, string>>): ServedResponse {
  const last = url.searchParams.get("last") ?? "";
  const wanted = url.searchParams.get("n") ?? "";
  const rest = last === "" ? all : all.filter((name) => name > last);
  const page = /^\d{1,6}$/.test(wanted) ? rest.slice(0, Number(wanted)) : rest;
  const answer = json({ ...head, [key]: page });
  const end = page.at(-1);
  if (page.length === rest.length || end === undefined) return answer;
  const link = `<${url.pathname}?n=${wanted}&last=${encodeURIComponent(end)}>; rel="next"`;
  return { ...answer, headers: { ...answer.headers, link } };
}

function contentHeaders(descriptor: Descriptor): {
  readonly etag: string;
  readonly "content-length": string;
  readonly "docker-content-digest": string;
} {
  return {
    "content-length": String(descriptor.size),
    "docker-content-digest": descriptor.digest,
    etag: `"${descriptor.digest}"`,
  };
}

function isKnown(request: ServedRequest, descriptor: Descriptor): boolean {
  return request.headers["if-none-match"] === `"${descriptor.digest}"`;
}

function json(value: unknown, status = 200): ServedResponse {
  const body = Buffer.from(JSON.stringify(value));
  return { status, headers: { "content-type": "application/json", "content-length": String(body.length) }, body };
}

/** An error as the specification words it. */
function failure(status: number, code: string, message: string): ServedResponse {
  const answer = json({ errors: [{ code, message }] }, status);
  return status === 405 ? { ...answer, headers: { ...answer.headers, allow: "GET, HEAD" } } : answer;
}
