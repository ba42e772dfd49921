import { createHash, randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as delay } from "node:timers/promises";
import type { AccessEntry, TestRegistryOptions } from "./create-test-registry.ts";
import { breakConnection, type Fault, strikesAfter } from "./faults.ts";
import { sha256, type TestStore } from "./store.ts";
import type { Gate } from "./token-issuer.ts";

export interface RouteContext {
  readonly options: TestRegistryOptions;
  readonly store: TestStore;
  readonly gate: Gate;
  readonly uploads: Map<string, Upload>;
  origin: string;
}

interface Upload {
  readonly repository: string;
  chunks: Buffer[];
  size: number;
}

export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly entry: AccessEntry;
  readonly fault: Fault | undefined;
}

const name = "[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*)*";
const routes = [
  { pattern: new RegExp(`^/v2/(${name})/blobs/uploads/([0-9a-f-]*)$`), handle: uploads },
  { pattern: new RegExp(`^/v2/(${name})/blobs/(sha256:[0-9a-f]{64})$`), handle: blob },
  {
    pattern: new RegExp(`^/v2/(${name})/manifests/([A-Za-z0-9_][A-Za-z0-9._-]{0,127}|sha256:[0-9a-f]{64})$`),
    handle: manifest,
  },
  { pattern: new RegExp(`^/v2/(${name})/tags/(list)$`), handle: tags },
  { pattern: new RegExp(`^/v2/(${name})/referrers/(sha256:[0-9a-f]{64})$`), handle: referrers },
] as const;

/** Answers one request by the specification. */
export async function route(context: RouteContext, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  const url = new URL(request.url ?? "/", context.origin);
  if (url.pathname === "/token") {
    context.gate.issue(request, url, (await receive(exchange)).toString(), response);
    if (!response.headersSent) refuse(response, 404, "UNSUPPORTED");
    return;
  }
  for (const { pattern, handle } of routes) {
    const [, repository, reference] = pattern.exec(url.pathname) ?? [];
    if (repository === undefined || reference === undefined) continue;
    if (!admitted(context, exchange, repository, url)) return;
    await handle(context, exchange, repository, reference, url);
    return;
  }
  if (url.pathname === "/v2/") {
    if (admitted(context, exchange, undefined, url))
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    return;
  }
  request.resume();
  refuse(response, 404, "NAME_INVALID", "no such route");
}

function admitted(
  context: RouteContext,
  { request, response }: Exchange,
  repository: string | undefined,
  url: URL,
): boolean {
  const writes = !["GET", "HEAD"].includes(request.method ?? "");
  const source = url.searchParams.get("from");
  const needed =
    repository === undefined
      ? []
      : [`${writes ? "push" : "pull"} ${repository}`, ...(source === null ? [] : [`pull ${source}`])];
  const challenge = context.gate.refuse(request, needed, context.origin);
  const { projects } = context.options;
  const missing = repository !== undefined && projects?.includes(repository.split("/")[0] ?? "") === false;
  if (challenge === undefined && !missing) return true;
  request.resume();
  response.setHeader("www-authenticate", challenge ?? `Bearer realm="${context.origin}/token",service="test registry"`);
  refuse(response, 401, "UNAUTHORIZED", "unauthorized to access repository");
  return false;
}

export function refuse(response: ServerResponse, status: number, code: string, message = code.toLowerCase()): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(response.req.method === "HEAD" ? undefined : JSON.stringify({ errors: [{ code, message }] }));
}

/** Reads the body, counting, until it ends or the fault strikes; then never comes back. */
async function receive({ request, entry, fault }: Exchange, take?: (chunk: Buffer) => void): Promise<Buffer> {
  const strike = strikesAfter(fault, Number(request.headers["content-length"] ?? 0));
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    entry.received += chunk.length;
    if (strike !== undefined && entry.received >= strike) await strikeRequest(request, fault);
    if (fault?.kind === "slow") await delay((chunk.length / fault.bytesPerSecond) * 1000);
    if (take === undefined) chunks.push(chunk);
    else take(chunk);
  }
  return Buffer.concat(chunks);
}

async function strikeRequest(request: IncomingMessage, fault: Fault | undefined): Promise<void> {
  if (fault?.kind === "stall") await new Promise((resolve) => request.socket.once("close", resolve));
  else breakConnection(request);
  throw new Error("the fault struck");
}

function over(context: RouteContext, repository: string, more: number): boolean {
  const project = repository.split("/")[0] ?? "";
  const quota = context.options.quotas?.[project];
  return quota !== undefined && context.store.projectBytes(project) + more > quota;
}

async function uploads(
  context: RouteContext,
  exchange: Exchange,
  repository: string,
  id: string,
  url: URL,
): Promise<void> {
  const { request, response, entry } = exchange;
  if (request.method === "POST" && id === "") return beginUpload(context, exchange, repository, url);
  const upload = context.uploads.get(id);
  if (upload?.repository !== repository) {
    request.resume();
    refuse(response, 404, "BLOB_UPLOAD_UNKNOWN");
    return;
  }
  const location = `/v2/${repository}/blobs/uploads/${id}`;
  if (request.method === "GET") {
    response.writeHead(204, { location, range: `0-${Math.max(0, upload.size - 1)}` }).end();
  } else if (request.method === "DELETE") {
    context.uploads.delete(id);
    response.writeHead(204).end();
  } else if (request.method === "PATCH") {
    await receive(exchange, (chunk) => append(upload, chunk));
    response.writeHead(202, { location, range: `0-${Math.max(0, upload.size - 1)}` }).end();
  } else if (request.method === "PUT") {
    await finishUpload(context, exchange, { id, upload, url });
  } else refuse(response, 405, "UNSUPPORTED");
  void entry;
}

function append(upload: Upload, chunk: Buffer): void {
  upload.chunks.push(chunk);
  upload.size += chunk.length;
}

async function beginUpload(context: RouteContext, exchange: Exchange, repository: string, url: URL): Promise<void> {
  const { response } = exchange;
  const { store, options } = context;
  await receive(exchange);
  const mount = url.searchParams.get("mount");
  const from = url.searchParams.get("from");
  if (mount !== null && from !== null) {
    if (options.mounts === "forbidden") return void refuse(response, 403, "DENIED", "mounts are not allowed");
    if (options.mounts !== "ignored" && store.hasBlob(from, mount)) {
      if (!store.hasBlob(repository, mount) && over(context, repository, store.blobs.get(mount)?.length ?? 0)) {
        return void refuse(response, 403, "DENIED", "adding the blob would exceed the quota of the project");
      }
      store.link(repository, mount);
      return finish(exchange, 201, { location: `/v2/${repository}/blobs/${mount}`, "docker-content-digest": mount });
    }
  }
  const id = randomUUID();
  context.uploads.set(id, { repository, chunks: [], size: 0 });
  // Absolute for every other one: both forms are allowed.
  const path = `/v2/${repository}/blobs/uploads/${id}?_state=${randomUUID()}`;
  const location = context.uploads.size % 2 === 0 ? path : `${context.origin}${path}`;
  finish(exchange, 202, { location, "docker-upload-uuid": id, range: "0-0" });
}

async function finishUpload(
  context: RouteContext,
  exchange: Exchange,
  { id, upload, url }: { readonly id: string; readonly upload: Upload; readonly url: URL },
): Promise<void> {
  const { request, response, entry } = exchange;
  const { store, options } = context;
  const digest = url.searchParams.get("digest") ?? "";
  const announced = request.headers["content-length"];
  if (announced === undefined) {
    request.resume();
    return void refuse(response, 411, "SIZE_INVALID", "content-length is missing");
  }
  const hash = createHash("sha256");
  for (const chunk of upload.chunks) hash.update(chunk);
  await receive(exchange, (chunk) => {
    hash.update(chunk);
    if (options.forgetBytes === true) upload.size += chunk.length;
    else append(upload, chunk);
  });
  context.uploads.delete(id);
  if (entry.received !== Number(announced)) return void refuse(response, 400, "SIZE_INVALID");
  const found = `sha256:${hash.digest("hex")}`;
  if (found !== digest)
    return void refuse(response, 400, "DIGEST_INVALID", "provided digest did not match uploaded content");
  if (!store.hasBlob(upload.repository, digest) && over(context, upload.repository, upload.size)) {
    return void refuse(response, 403, "DENIED", "adding the blob would exceed the quota of the project");
  }
  store.blobs.set(digest, Buffer.concat(upload.chunks));
  store.link(upload.repository, digest);
  finish(exchange, 201, { location: `/v2/${upload.repository}/blobs/${digest}`, "docker-content-digest": digest });
}

/** Ends a change; what is lost is only the word that it was done. */
function finish({ request, response, fault }: Exchange, status: number, headers: Record<string, string>): void {
  if (fault?.kind === "lost-answer") breakConnection(request);
  else {
    const wrong = fault?.kind === "wrong-digest" ? { "docker-content-digest": `sha256:${"0".repeat(64)}` } : {};
    response.writeHead(status, { "content-length": "0", ...headers, ...wrong }).end();
  }
}

async function blob(context: RouteContext, exchange: Exchange, repository: string, digest: string): Promise<void> {
  const { request, response } = exchange;
  request.resume();
  const bytes = context.store.hasBlob(repository, digest) ? context.store.blobs.get(digest) : undefined;
  if (bytes === undefined) return void refuse(response, 404, "BLOB_UNKNOWN");
  await deliver(exchange, bytes, { "docker-content-digest": digest, "content-type": "application/octet-stream" });
}

/** Sends bytes, or the range asked for, as the fault lets it. */
async function deliver(exchange: Exchange, bytes: Buffer, headers: Readonly<Record<string, string>>): Promise<void> {
  const { request, response, fault } = exchange;
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = first === undefined ? 0 : Number(first);
  const end = last === undefined || last === "" ? bytes.length : Math.min(bytes.length, Number(last) + 1);
  if (start >= bytes.length && bytes.length > 0) return void response.writeHead(416).end();
  let part = bytes.subarray(start, end);
  if (fault?.kind === "wrong-bytes" && part.length > 0) {
    part = Buffer.from(part);
    part[part.length >> 1] = (part[part.length >> 1] ?? 0) ^ 1;
  }
  const length = part.length + (fault?.kind === "wrong-length" ? fault.by : 0);
  response.writeHead(first === undefined ? 200 : 206, {
    ...headers,
    ...(fault?.kind === "wrong-digest" ? { "docker-content-digest": `sha256:${"0".repeat(64)}` } : {}),
    "content-length": String(length),
    ...(first === undefined ? {} : { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` }),
  });
  if (request.method === "HEAD") return void response.end();
  const strike = strikesAfter(fault, part.length);
  if (strike !== undefined && strike < part.length) {
    response.write(part.subarray(0, strike));
    if (fault?.kind === "stall") return;
    // What was written has to be on its way first.
    await delay(30);
    breakConnection(request);
    return;
  }
  if (fault?.kind === "slow") await trickle(response, part, fault.bytesPerSecond);
  else response.write(part.subarray(0, length));
  if (length === part.length) response.end();
  else request.socket.destroySoon();
}

async function trickle(response: ServerResponse, bytes: Buffer, bytesPerSecond: number): Promise<void> {
  const step = Math.max(1, Math.floor(bytesPerSecond / 10));
  for (let at = 0; at < bytes.length && !response.destroyed; at += step) {
    response.write(bytes.subarray(at, at + step));
    await delay(100);
  }
}

async function manifest(
  context: RouteContext,
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  const { request, response } = exchange;
  const { store } = context;
  if (request.method === "PUT") return putManifest(context, exchange, repository, reference);
  request.resume();
  const found = store.manifest(repository, reference);
  if (found === undefined) return void refuse(response, 404, "MANIFEST_UNKNOWN");
  await deliver(exchange, found.bytes, { "docker-content-digest": found.digest, "content-type": found.mediaType });
}

interface ManifestFields {
  readonly schemaVersion?: number;
  readonly config?: { readonly digest: string };
  readonly layers?: readonly { readonly digest: string }[];
  readonly manifests?: readonly { readonly digest: string }[];
  readonly subject?: { readonly digest: string };
}

async function putManifest(
  context: RouteContext,
  exchange: Exchange,
  repository: string,
  reference: string,
): Promise<void> {
  const { request, response } = exchange;
  const { store, options } = context;
  const bytes = await receive(exchange);
  const mediaType = request.headers["content-type"] ?? "";
  const problem = manifestProblem(store, repository, bytes);
  if (!/^application\/vnd\.(oci|docker)\./.test(mediaType))
    return void refuse(response, 400, "MANIFEST_INVALID", "media type");
  if (problem !== undefined) return void refuse(response, problem === "MANIFEST_INVALID" ? 400 : 404, problem);
  const digest = sha256(bytes);
  const tag = reference.startsWith("sha256:") ? undefined : reference;
  if (tag === undefined && reference !== digest) return void refuse(response, 400, "DIGEST_INVALID");
  const standing = tag === undefined ? undefined : store.tagsOf.get(repository)?.get(tag);
  if (options.immutableTags === true && standing !== undefined && standing !== digest) {
    return void refuse(
      response,
      412,
      "PRECONDITION",
      `Failed to process request due to '${tag}' configured as immutable`,
    );
  }
  store.addManifest(repository, bytes, mediaType, tag);
  const { subject } = JSON.parse(bytes.toString()) as ManifestFields;
  finish(exchange, 201, {
    location: `/v2/${repository}/manifests/${digest}`,
    "docker-content-digest": digest,
    ...(options.referrersApi === true && subject !== undefined ? { "oci-subject": subject.digest } : {}),
  });
}

function manifestProblem(store: TestStore, repository: string, bytes: Buffer): string | undefined {
  let fields: ManifestFields;
  try {
    fields = JSON.parse(bytes.toString()) as ManifestFields;
  } catch {
    return "MANIFEST_INVALID";
  }
  if (fields.schemaVersion !== 2) return "MANIFEST_INVALID";
  const blobs = [...(fields.config === undefined ? [] : [fields.config]), ...(fields.layers ?? [])];
  if (blobs.some(({ digest }) => !store.hasBlob(repository, digest))) return "MANIFEST_BLOB_UNKNOWN";
  const children = fields.manifests ?? [];
  return children.some(({ digest }) => store.manifest(repository, digest) === undefined)
    ? "MANIFEST_BLOB_UNKNOWN"
    : undefined;
}

function tags(context: RouteContext, { request, response }: Exchange, repository: string, _: string, url: URL): void {
  request.resume();
  const all = context.store.tagsOf.get(repository);
  if (all === undefined) return void refuse(response, 404, "NAME_UNKNOWN");
  const last = url.searchParams.get("last") ?? "";
  const count = Number(url.searchParams.get("n") ?? 1000);
  const rest = [...all.keys()].sort().filter((tag) => tag > last);
  const page = rest.slice(0, count);
  const next = `</v2/${repository}/tags/list?n=${count}&last=${page.at(-1) ?? ""}>; rel="next"`;
  response.writeHead(200, { "content-type": "application/json", ...(rest.length > count ? { link: next } : {}) });
  response.end(JSON.stringify({ name: repository, tags: page }));
}

function referrers(context: RouteContext, { request, response }: Exchange, repository: string, digest: string): void {
  request.resume();
  if (context.options.referrersApi !== true) return void refuse(response, 404, "UNSUPPORTED");
  const found = [...(context.store.manifests.get(repository)?.values() ?? [])].filter(
    ({ bytes }) => (JSON.parse(bytes.toString()) as ManifestFields).subject?.digest === digest,
  );
  const manifests = found.map((entry) => ({
    mediaType: entry.mediaType,
    digest: entry.digest,
    size: entry.bytes.length,
  }));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  response.writeHead(200, { "content-type": mediaType });
  response.end(JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
}
