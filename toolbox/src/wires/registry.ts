import { createHash, randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { RegistryWire } from "../contract.generated.ts";
import { NotRefusedError, ToolboxError } from "../errors.ts";
import type { HttpAnswer, HttpRequest } from "../http-request.ts";
import { excerpt, sendHttp } from "../http-request.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const registryCheck: WireCheck<RegistryWire> = {
  address: (wire) => wire.url,
  expectation: () => "pushes a small image, pulls it by digest and deletes it; 401 without and with a wrong login",
  prove: proveRegistry,
};

const manifestType = "application/vnd.oci.image.manifest.v1+json";

type Call = (request: Omit<HttpRequest, "url"> & { readonly path: string }) => Promise<HttpAnswer>;

function session(wire: RegistryWire, signal: AbortSignal | undefined, authorization: string | undefined): Call {
  return async ({ path, ...request }) =>
    sendHttp({
      ...request,
      url: new URL(path, `${wire.url}/`).toString(),
      headers: { ...(authorization === undefined ? {} : { authorization }), ...request.headers },
      caFile: wire.caFile,
      resolve: wire.resolve,
      signal,
    });
}

async function proveRegistry(wire: RegistryWire, context: WireContext): Promise<void> {
  const challenge = await proveAsksForLogin(wire, context);
  const repository = `slipway-verify/${randomBytes(8).toString("hex")}`;
  const authorization = await authorize(wire, challenge, repository, context);
  const call = session(wire, context.signal, authorization);
  const image = buildImage();
  await push(call, repository, image);
  // the clean-up has its own time, so it must not be aborted with the check
  context.atEnd(() => remove(session(wire, undefined, authorization), repository, image.manifest.digest, context));
  context.note(`pushed ${repository}@${image.manifest.digest.slice(0, 19)}`);
  await pull(call, repository, image);
  context.note("pulled it by digest, all bytes are the same");
}

interface Challenge {
  readonly scheme: "basic" | "bearer";
  readonly parameters: Readonly<Record<string, string>>;
}

async function proveAsksForLogin(wire: RegistryWire, context: WireContext): Promise<Challenge> {
  const open = await session(wire, context.signal, undefined)({ path: "/v2/" });
  if (open.status === 200) {
    throw new NotRefusedError("the registry answers without a login", "look at `auth` in the registry's configuration");
  }
  if (open.status !== 401) throw unexpected("asking for a login", open);
  const header = open.headers["www-authenticate"] ?? "";
  const scheme = /^\s*(basic|bearer)\b/i.exec(header)?.[1]?.toLowerCase();
  if (scheme !== "basic" && scheme !== "bearer") throw unexpected(`a login of kind "${header}"`, open);
  const wrong = await session(
    wire,
    context.signal,
    basic(wire.user, randomBytes(12).toString("hex")),
  )({ path: "/v2/" });
  if (wrong.status !== 401)
    throw new NotRefusedError("the registry takes a wrong password", "look at its htpasswd file");
  context.note("401 without and with a wrong login");
  const pairs = [...header.matchAll(/(\w+)="([^"]*)"/g)].map((pair) => [pair[1] ?? "", pair[2] ?? ""]);
  return { scheme, parameters: Object.fromEntries(pairs) as Record<string, string> };
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, "utf8").toString("base64")}`;
}

async function authorize(
  wire: RegistryWire,
  { scheme, parameters }: Challenge,
  repository: string,
  { signal }: WireContext,
): Promise<string> {
  const own = basic(wire.user, wire.password);
  if (scheme === "basic") return own;
  const url = URL.parse(parameters["realm"] ?? "");
  if (url === null) throw new ToolboxError("the registry names no place to fetch a token from");
  url.searchParams.set("service", parameters["service"] ?? "");
  url.searchParams.set("scope", `repository:${repository}:pull,push,delete`);
  const answer = await sendHttp({ url: url.toString(), headers: { authorization: own }, caFile: wire.caFile, signal });
  if (answer.status !== 200) throw unexpected("fetching a token", answer);
  const token = JSON.parse(answer.body.toString("utf8")) as { readonly token?: string; readonly access_token?: string };
  return `Bearer ${token.token ?? token.access_token ?? ""}`;
}

interface Blob {
  readonly bytes: Buffer;
  readonly digest: string;
}

function toBlob(bytes: Buffer): Blob {
  return { bytes, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` };
}

interface Image {
  readonly config: Blob;
  readonly layer: Blob;
  readonly manifest: Blob;
}

/** An image of one empty layer; the random part keeps the store from having it already. */
function buildImage(): Image {
  const layer = toBlob(gzipSync(Buffer.alloc(1024)));
  const diffId = toBlob(Buffer.alloc(1024)).digest;
  const config = toBlob(
    Buffer.from(
      JSON.stringify({
        architecture: "amd64",
        os: "linux",
        config: { Labels: { "slipway.verify": randomBytes(16).toString("hex") } },
        rootfs: { type: "layers", diff_ids: [diffId] },
      }),
    ),
  );
  const descriptor = (mediaType: string, { digest, bytes }: Blob): object => ({
    mediaType,
    digest,
    size: bytes.length,
  });
  const manifest = toBlob(
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: manifestType,
        config: descriptor("application/vnd.oci.image.config.v1+json", config),
        layers: [descriptor("application/vnd.oci.image.layer.v1.tar+gzip", layer)],
      }),
    ),
  );
  return { config, layer, manifest };
}

async function push(call: Call, repository: string, { config, layer, manifest }: Image): Promise<void> {
  for (const blob of [config, layer]) await pushBlob(call, repository, blob);
  const put = await call({
    method: "PUT",
    path: `/v2/${repository}/manifests/verify`,
    headers: { "content-type": manifestType },
    body: manifest.bytes,
  });
  if (put.status !== 201) throw unexpected("pushing the manifest", put);
  const digest = put.headers["docker-content-digest"];
  if (digest !== manifest.digest) throw new ToolboxError(`the registry names the manifest ${String(digest)}`);
}

async function pushBlob(call: Call, repository: string, { bytes, digest }: Blob): Promise<void> {
  const begun = await call({ method: "POST", path: `/v2/${repository}/blobs/uploads/`, body: "" });
  const location = begun.headers.location;
  if (begun.status !== 202 || location === undefined) throw unexpected("beginning an upload", begun);
  // behind a gateway the host in the answer may be another one; the path is what counts
  const target = new URL(location, "http://registry.invalid");
  target.searchParams.set("digest", digest);
  const path = `${target.pathname}${target.search}`;
  const headers = { "content-type": "application/octet-stream" };
  const put = await call({ method: "PUT", path, headers, body: bytes });
  if (put.status !== 201) throw unexpected("uploading a blob", put);
}

async function pull(call: Call, repository: string, { config, layer, manifest }: Image): Promise<void> {
  const path = `/v2/${repository}/manifests/${manifest.digest}`;
  const got = await call({ path, headers: { accept: manifestType } });
  if (got.status !== 200) throw unexpected("pulling the manifest by digest", got);
  if (!got.body.equals(manifest.bytes)) throw new ToolboxError("the manifest pulled is not the one pushed");
  for (const blob of [config, layer]) {
    const answer = await call({ path: `/v2/${repository}/blobs/${blob.digest}` });
    if (answer.status === 307) {
      throw new ToolboxError("the registry sends clients to the object store for blobs", {
        advice: "clients cannot reach the store's internal name: disable redirects in the registry's storage settings",
      });
    }
    if (answer.status !== 200) throw unexpected("pulling a blob", answer);
    if (!answer.body.equals(blob.bytes)) throw new ToolboxError("a blob pulled is not the one pushed");
  }
}

/** Deleting may be forbidden on a public address (only the collector may); what stays is a kilobyte. */
async function remove(call: Call, repository: string, digest: string, { note }: WireContext): Promise<void> {
  const answer = await call({ method: "DELETE", path: `/v2/${repository}/manifests/${digest}` });
  if (answer.status === 202) note("deleted the manifest");
  else if (answer.status === 405 || answer.status === 403) note("deleting is not allowed here; the manifest stays");
  else if (answer.status !== 404) throw unexpected("deleting the manifest", answer);
}

function unexpected(what: string, answer: HttpAnswer): ToolboxError {
  const advice =
    answer.status === 401 || answer.status === 403
      ? "wrong user or password: look at the registry's htpasswd file and the recorded password"
      : answer.status >= 500
        ? "look at the registry's log: usually it cannot reach its bucket, or its key may not write there"
        : "look at the registry's log, and at the gateway's limits if it is in between";
  return new ToolboxError(`${what}: answered ${answer.status} ${excerpt(answer.body)}`, { advice });
}
