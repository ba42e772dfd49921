import { createHash } from "node:crypto";
import { type ClientRequest, type IncomingMessage, request as httpRequest } from "node:http";
import { request as httpsRequest } from "node:https";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { errorText, ToolboxError } from "./errors.ts";
import type { HttpAnswer, HttpRequest } from "./http-request.ts";
import { excerpt, openHttp, readBody, sendHttp } from "./http-request.ts";
import { trustIn } from "./trust.ts";

export interface S3Access {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** The bucket stands before the host name of an address, not in its path. */
  readonly virtualHost?: boolean | undefined;
  readonly caFile?: string | undefined;
  readonly resolve?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface S3Call {
  readonly method: string;
  /** `/bucket/key`, not yet encoded. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
  readonly headers?: Readonly<Record<string, string>>;
  /** How long the connection may be silent; 15 s unless given. */
  readonly timeoutMs?: number;
}

/** A body that is sent while it is read. The store refuses it when its hash is another. */
export interface S3Body {
  readonly bytes: number;
  readonly sha256: string;
  readonly open: () => Readable;
}

/** An answer of S3 that says no, with S3's own code where it gave one. */
export class S3Error extends ToolboxError {
  readonly code: string;
  readonly status: number;

  constructor(what: string, answer: HttpAnswer) {
    const body = answer.body.toString("utf8");
    const code = xmlText(body, "Code") ?? jsonCode(body) ?? `HTTP ${answer.status}`;
    const message = xmlText(body, "Message") ?? (code.startsWith("HTTP") ? excerpt(answer.body) : "");
    super(`${what}: ${code}${message === "" ? "" : ` (${message})`}`);
    this.name = "S3Error";
    this.code = code;
    this.status = answer.status;
  }
}

function jsonCode(body: string): string | undefined {
  return /"Code"\s*:\s*"([^"]+)"/.exec(body)?.[1];
}

/** The text of the first element of this name. */
export function xmlText(xml: string, element: string): string | undefined {
  const found = new RegExp(`<${element}>([^<]*)</${element}>`).exec(xml)?.[1];
  return found === undefined ? undefined : unescapeXml(found);
}

/** What is inside each element of this name that holds others. */
export function xmlElements(xml: string, element: string): readonly string[] {
  return [...xml.matchAll(new RegExp(`<${element}>(.*?)</${element}>`, "gs"))].map(([, inside = ""]) => inside);
}

function unescapeXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#34;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");
}

/** The address of a call, unsigned. */
export function callUrl(
  { endpoint, virtualHost }: Pick<S3Access, "endpoint" | "virtualHost">,
  call: Pick<S3Call, "path" | "query">,
): string {
  const url = new URL(endpoint);
  const [, bucket = "", ...key] = call.path.split("/");
  const isBefore = virtualHost === true && bucket !== "";
  if (isBefore) url.hostname = `${bucket}.${url.hostname}`;
  url.pathname = (isBefore ? ["", ...key] : call.path.split("/")).map(encodeURIComponent).join("/");
  for (const [name, value] of Object.entries(call.query ?? {})) url.searchParams.set(name, value);
  return url.toString();
}

/** Sends one call signed with SigV4; every status is a result. */
export async function callS3(access: S3Access, call: S3Call): Promise<HttpAnswer> {
  return sendHttp(await signCall(access, call));
}

/**
 * Opens one signed call whose answer may be of any size.
 * @throws S3Error with S3's code when it is refused.
 */
export async function openS3(access: S3Access, call: S3Call): Promise<IncomingMessage> {
  const incoming = await openHttp(await signCall(access, call));
  const status = incoming.statusCode ?? 0;
  if (status >= 200 && status < 300) return incoming;
  throw new S3Error(`${call.method} ${call.path}`, {
    status,
    headers: incoming.headers,
    body: await readBody(incoming),
  });
}

/**
 * Sends one signed call with a body of any size.
 * @throws S3Error with S3's code when it is refused.
 */
export async function uploadS3(
  access: S3Access,
  call: Omit<S3Call, "body">,
  body: S3Body,
): Promise<Pick<HttpAnswer, "status" | "headers">> {
  const signed = await signCall(access, call, body.sha256);
  const headers = { ...signed.headers, "content-length": String(body.bytes), connection: "close" };
  const secure = signed.url.startsWith("https:");
  const outgoing = (secure ? httpsRequest : httpRequest)(signed.url, {
    agent: false,
    method: call.method,
    headers,
    ...(access.signal === undefined ? {} : { signal: access.signal }),
    ...(secure ? { minVersion: "TLSv1.2" as const } : {}),
    ...(secure && access.caFile !== undefined ? await trustIn(access.caFile) : {}),
  });
  const incoming = await sendBody(outgoing, body.open(), call.timeoutMs ?? 120_000);
  const answer = { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await readBody(incoming) };
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new S3Error(`${call.method} ${call.path}`, answer);
}

/** A store may answer, and close, before it has read all: then the answer says more than the broken connection. */
async function sendBody(outgoing: ClientRequest, body: Readable, timeoutMs: number): Promise<IncomingMessage> {
  const answered = Promise.withResolvers<IncomingMessage>();
  outgoing.on("response", answered.resolve);
  outgoing.on("error", answered.reject);
  outgoing.setTimeout(timeoutMs, () => {
    outgoing.destroy(new ToolboxError(`no answer from ${outgoing.host} within ${timeoutMs} ms`));
  });
  pipeline(body, outgoing).catch(answered.reject);
  try {
    return await answered.promise;
  } finally {
    body.destroy();
  }
}

async function signCall(access: S3Access, call: S3Call, sha256?: string): Promise<HttpRequest> {
  const { AwsV4Signer } = await import("aws4fetch");
  const body = call.body ?? "";
  const hash = sha256 ?? createHash("sha256").update(body).digest("hex");
  const signed = await new AwsV4Signer({
    method: call.method,
    url: callUrl(access, call),
    headers: { ...call.headers, "x-amz-content-sha256": hash },
    body,
    accessKeyId: access.accessKey,
    secretAccessKey: access.secretKey,
    service: "s3",
    region: access.region,
  }).sign();
  const headers: Record<string, string> = {};
  for (const [name, value] of signed.headers.entries()) {
    if (name !== "host") headers[name] = value;
  }
  return {
    method: call.method,
    url: signed.url.toString(),
    headers,
    ...(call.method === "GET" || call.method === "HEAD" ? {} : { body }),
    caFile: access.caFile,
    resolve: access.resolve,
    signal: access.signal,
    ...(call.timeoutMs === undefined ? {} : { timeoutMs: call.timeoutMs }),
  };
}

/**
 * Sends one signed call that must succeed.
 * @throws S3Error with S3's code when it does not.
 */
export async function requireS3(access: S3Access, call: S3Call): Promise<HttpAnswer> {
  const answer = await callS3(access, call);
  if (answer.status >= 200 && answer.status < 300) return answer;
  throw new S3Error(`${call.method} ${call.path}`, answer);
}

/** A URL that lets its bearer make one call for a while. */
export async function presign(access: S3Access, call: S3Call, seconds: number): Promise<string> {
  const { AwsV4Signer } = await import("aws4fetch");
  const url = callUrl(access, { ...call, query: { ...call.query, "X-Amz-Expires": String(seconds) } });
  const signed = await new AwsV4Signer({
    method: call.method,
    url,
    accessKeyId: access.accessKey,
    secretAccessKey: access.secretKey,
    service: "s3",
    region: access.region,
    signQuery: true,
  }).sign();
  return signed.url.toString();
}

/** True while the store is there but not ready to answer. */
export function isS3Starting(error: unknown): boolean {
  if (!(error instanceof S3Error)) return false;
  return (
    error.status === 503 ||
    /ServerNotInitialized|SlowDown/.test(error.code) ||
    /not initialized/i.test(errorText(error))
  );
}

/**
 * Deletes every version and delete marker. A key that may not list or delete versions, as the keys of services,
 * deletes the current one; the rest is left to the bucket's expiry.
 */
export async function removeVersions(access: S3Access, bucket: string, key: string): Promise<void> {
  const path = `/${bucket}/${key}`;
  const versions = await callS3(access, { method: "GET", path: `/${bucket}`, query: { versions: "", prefix: key } });
  const ids = [
    ...versions.body.toString("utf8").matchAll(/<(?:Version|DeleteMarker)>.*?<\/(?:Version|DeleteMarker)>/gs),
  ]
    .map((entry) => xmlText(entry[0], "VersionId"))
    .filter((id) => id !== undefined && id !== "null");
  for (const versionId of versions.status === 200 ? ids : []) {
    await callS3(access, { method: "DELETE", path, query: { versionId: versionId ?? "" } });
  }
  const left = await callS3(access, { method: "HEAD", path });
  if (left.status === 200) await requireS3(access, { method: "DELETE", path });
}
