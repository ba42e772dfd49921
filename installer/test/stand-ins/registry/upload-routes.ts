import { createHash, randomUUID } from "node:crypto";
import { type Exchange, finish, over, receive, refuse, type RouteContext, type Upload } from "./exchange.ts";

/** Begins, feeds, finishes and gives up uploads. */
export async function uploads(
  context: RouteContext,
  exchange: Exchange,
  repository: string,
  id: string,
  url: URL,
): Promise<void> {
  const { request, response } = exchange;
  if (request.method === "POST" && id === "") return beginUpload(context, exchange, repository, url);
  const upload = context.uploads.get(id);
  if (upload?.repository !== repository) {
    request.resume();
    refuse(response, 404, "BLOB_UPLOAD_UNKNOWN");
    return;
  }
  const location = `/v2/${repository}/blobs/uploads/${id}`;
  const torn = upload.torn === true && context.options.tornUploads !== "resume";
  if (torn && (request.method === "GET" || request.method === "PATCH")) {
    request.resume();
    context.uploads.delete(id);
    refuse(response, 404, "BLOB_UPLOAD_INVALID", "upload resumed at wrong offset");
    return;
  }
  if (request.method === "GET") {
    response.writeHead(204, { location, range: `0-${Math.max(0, upload.size - 1)}` }).end();
  } else if (request.method === "DELETE") {
    context.uploads.delete(id);
    response.writeHead(204).end();
  } else if (request.method === "PATCH") {
    await appendChunk(exchange, upload, location);
  } else if (request.method === "PUT") {
    await finishUpload(context, exchange, { id, upload, url });
  } else refuse(response, 405, "UNSUPPORTED");
}

async function appendChunk(exchange: Exchange, upload: Upload, location: string): Promise<void> {
  const { request, response } = exchange;
  const start = /^(\d+)-/.exec(request.headers["content-range"] ?? "0-")?.[1];
  if (Number(start) !== upload.size) {
    request.resume();
    refuse(response, 416, "RANGE_INVALID");
    return;
  }
  upload.torn = true;
  await receive(exchange, (chunk) => append(upload, chunk));
  upload.torn = false;
  response.writeHead(202, { location, range: `0-${Math.max(0, upload.size - 1)}` }).end();
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
    if (options.mounts === "unknown") return void refuse(response, 404, "BLOB_UNKNOWN");
    if (options.mounts !== "ignored" && store.hasBlob(from, mount)) {
      if (!store.hasBlob(repository, mount) && over(context, repository, store.sizes.get(mount) ?? 0)) {
        return void refuse(response, 403, "DENIED", "adding the blob would exceed the quota of the project");
      }
      store.link(repository, mount);
      return void finish(exchange, 201, {
        location: `/v2/${repository}/blobs/${mount}`,
        "docker-content-digest": mount,
      });
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
  upload.torn = true;
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
  store.keep(upload.repository, digest, Buffer.concat(upload.chunks), upload.size);
  finish(exchange, 201, { location: `/v2/${upload.repository}/blobs/${digest}`, "docker-content-digest": digest });
}
