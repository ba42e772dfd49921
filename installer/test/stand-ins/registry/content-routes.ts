import { deliver } from "./deliver.ts";
import { type Exchange, finish, receive, refuse, type RouteContext } from "./exchange.ts";
import { sha256, type TestStore } from "./store.ts";

export async function blob(
  context: RouteContext,
  exchange: Exchange,
  repository: string,
  digest: string,
): Promise<void> {
  const { request, response } = exchange;
  request.resume();
  const { blobs, sizes } = context.store;
  const bytes = context.store.hasBlob(repository, digest) ? blobs.get(digest) : undefined;
  if (bytes === undefined) return void refuse(response, 404, "BLOB_UNKNOWN");
  if (context.options.ignoreRanges === true) delete request.headers.range;
  await deliver(
    exchange,
    bytes,
    { "docker-content-digest": digest, "content-type": "application/octet-stream" },
    sizes.get(digest),
  );
}

export async function manifest(
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

export function tags(
  context: RouteContext,
  { request, response }: Exchange,
  repository: string,
  _: string,
  url: URL,
): void {
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

export function referrers(
  context: RouteContext,
  { request, response }: Exchange,
  repository: string,
  digest: string,
  url: URL,
): void {
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
  const { referrersPage: count = manifests.length } = context.options;
  const from = Number(url.searchParams.get("from") ?? 0);
  const link = `</v2/${repository}/referrers/${digest}?from=${from + count}>; rel="next"`;
  response.writeHead(200, { "content-type": mediaType, ...(from + count < manifests.length ? { link } : {}) });
  response.end(JSON.stringify({ schemaVersion: 2, mediaType, manifests: manifests.slice(from, from + count) }));
}
