import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { errorText, ToolboxError } from "../errors.ts";
import { callS3, requireS3, type S3Access, S3Error, uploadS3, xmlElements, xmlText } from "../s3-client.ts";
import { readSize } from "./folder-files.ts";
import { compareKeys, type ObjectEntry } from "./object-index.ts";

/** An object as a listing shows it. */
export type ListedObject = Pick<ObjectEntry, "key" | "size" | "etag" | "modified">;

const timeoutMs = 120_000;
/** A store may take minutes to put parts together. */
const completeMs = 600_000;

const mebibyte = 1024 * 1024;
const partSize = 64 * mebibyte;
const mostParts = 10_000;

/**
 * Lists the current versions of a bucket, or those whose keys begin with a prefix, in the order of their keys, a thousand at a time.
 * @throws ToolboxError when the store lists in another order, which no copy could be made from without holding all of it in memory
 */
export async function* listObjects(
  access: S3Access,
  bucket: string,
  prefix = "",
): AsyncGenerator<readonly ListedObject[], void, undefined> {
  let token: string | undefined;
  let last: string | undefined;
  do {
    const xml = await listPage(access, bucket, { prefix, token });
    const page = xmlElements(xml, "Contents").map(parseListed);
    for (const { key } of page) {
      if (last !== undefined && compareKeys(last, key) >= 0) {
        throw new ToolboxError(
          `the store does not list bucket ${bucket} in the order of the keys ("${key}" after "${last}")`,
        );
      }
      last = key;
    }
    yield page;
    token = xmlText(xml, "IsTruncated") === "true" ? xmlText(xml, "NextContinuationToken") : undefined;
  } while (token !== undefined);
}

async function listPage(
  access: S3Access,
  bucket: string,
  { prefix, token }: { readonly prefix: string; readonly token: string | undefined },
): Promise<string> {
  const from = { ...(prefix !== "" && { prefix }), ...(token && { "continuation-token": token }) };
  // Keys may hold characters that XML cannot.
  const query = { "list-type": "2", "encoding-type": "url", ...from };
  const call = { method: "GET", path: `/${bucket}`, query, timeoutMs };
  return (await patiently(async () => requireS3(access, call), access.signal)).body.toString("utf8");
}

function parseListed(xml: string): ListedObject {
  return {
    key: decodeURIComponent((xmlText(xml, "Key") ?? "").replaceAll("+", " ")),
    size: Number(xmlText(xml, "Size")),
    etag: unquoted(xmlText(xml, "ETag")),
    modified: xmlText(xml, "LastModified") ?? "",
  };
}

export function unquoted(etag: string | undefined): string {
  return (etag ?? "").replaceAll('"', "");
}

/** The path of an object for a call. */
export function objectPath(bucket: string, key: string): string {
  if (key.split("/").some((segment) => segment === "." || segment === "..")) {
    throw new ToolboxError(`the key "${key}" in bucket ${bucket} has a part "." or "..", which no address can hold`, {
      advice: "copy the object to another key and delete this one",
    });
  }
  return `/${bucket}/${key}`;
}

const pausesMs = [500, 2000, 8000] as const;

/** Does it again when the store is overloaded or the connection breaks, which happens once in many thousand calls. */
export async function patiently<Result>(work: () => Promise<Result>, signal: AbortSignal | undefined): Promise<Result> {
  for (const pauseMs of pausesMs) {
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      if (!isPassing(error)) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
  return work();
}

const brokenConnections: readonly unknown[] = ["ECONNRESET", "EPIPE", "ECONNREFUSED", "ETIMEDOUT", "EAI_AGAIN"];

function isPassing(error: unknown): boolean {
  if (error instanceof S3Error) return error.status >= 500 && error.status !== 501;
  return error instanceof Error && "code" in error && brokenConnections.includes(error.code);
}

/** True when the object, or the bucket, is not there. */
export function isGone(error: unknown): boolean {
  return error instanceof S3Error && error.status === 404;
}

/** The hash of a file, and the ETag that a store gives it when it is uploaded here in parts. */
export interface ContentSums {
  readonly sha256: string;
  /** Absent where it is uploaded in one: then it is the MD5 that was noted when the object was fetched. */
  readonly partedEtag?: string;
}

/** Reads a whole file. */
export async function sumContent(path: string, size: number): Promise<ContentSums> {
  const whole = createHash("sha256");
  const ranges = rangesOf(size);
  const isParted = ranges.length > 1;
  const parts: Buffer[] = [];
  for (const range of ranges) {
    const part = isParted ? createHash("md5") : undefined;
    for await (const data of createReadStream(path, { ...range, highWaterMark: readSize })) {
      whole.update(data as Buffer);
      part?.update(data as Buffer);
    }
    if (part !== undefined) parts.push(part.digest());
  }
  const sha256 = whole.digest("hex");
  if (!isParted) return { sha256 };
  return { sha256, partedEtag: `${createHash("md5").update(Buffer.concat(parts)).digest("hex")}-${parts.length}` };
}

interface Range {
  readonly start: number;
  /** The last byte, as `createReadStream` counts. */
  readonly end: number;
}

/** Up to 64 MiB in one, more in parts of as much, or larger ones where that would be too many. */
export function rangesOf(size: number): readonly Range[] {
  // A range cannot be empty: this one reads nothing from an empty file.
  if (size <= partSize) return [{ start: 0, end: Math.max(size - 1, 0) }];
  const each = partSize * Math.ceil(size / mostParts / partSize);
  return Array.from({ length: Math.ceil(size / each) }, (_, index) => ({
    start: index * each,
    end: Math.min((index + 1) * each, size) - 1,
  }));
}

/** Where an object is uploaded to, and what it is. */
export interface Upload {
  readonly path: string;
  readonly file: string;
  readonly entry: ObjectEntry;
}

/**
 * Uploads the file of an entry; the store checks each byte by its hash.
 * @throws S3Error when it refuses; ToolboxError when the file is not what the entry says
 */
export async function putObject(access: S3Access, upload: Upload): Promise<void> {
  const { path, file, entry } = upload;
  if (rangesOf(entry.size).length > 1) {
    await putParts(access, upload);
    return;
  }
  const body = {
    bytes: entry.size,
    sha256: entry.sha256,
    open: () => createReadStream(file, { highWaterMark: readSize }),
  };
  const call = { method: "PUT", path, headers: headersOf(entry), timeoutMs };
  await patiently(async () => uploadS3(access, call, body), access.signal);
}

function headersOf({ contentType, headers }: ObjectEntry): Readonly<Record<string, string>> {
  return { ...headers, ...(contentType === undefined ? {} : { "content-type": contentType }) };
}

async function putParts(access: S3Access, upload: Upload): Promise<void> {
  const { path, entry } = upload;
  const call = { method: "POST", path, query: { uploads: "" }, headers: headersOf(entry), timeoutMs };
  const begun = await patiently(async () => requireS3(access, call), access.signal);
  const uploadId = xmlText(begun.body.toString("utf8"), "UploadId") ?? "";
  try {
    const etags = await sendParts(access, upload, uploadId);
    await completeParts(access, path, uploadId, etags);
  } catch (error) {
    // What stays of it is in no listing and would take space for ever. Without the signal, which may be why it ended.
    await callS3({ ...access, signal: undefined }, { method: "DELETE", path, query: { uploadId } }).catch(
      () => undefined,
    );
    throw error;
  }
}

async function sendParts(
  access: S3Access,
  { path, file, entry }: Upload,
  uploadId: string,
): Promise<readonly string[]> {
  const whole = createHash("sha256");
  const etags: string[] = [];
  for (const [index, range] of rangesOf(entry.size).entries()) {
    const part = createHash("sha256");
    for await (const data of createReadStream(file, { ...range, highWaterMark: readSize })) {
      whole.update(data as Buffer);
      part.update(data as Buffer);
    }
    const body = {
      bytes: range.end - range.start + 1,
      sha256: part.digest("hex"),
      open: () => createReadStream(file, { ...range, highWaterMark: readSize }),
    };
    const call = { method: "PUT", path, query: { partNumber: String(index + 1), uploadId }, timeoutMs };
    const answer = await patiently(async () => uploadS3(access, call, body), access.signal);
    etags.push(unquoted(answer.headers.etag));
  }
  if (whole.digest("hex") !== entry.sha256)
    throw new ToolboxError(`the file changed while it was uploaded: ${entry.file}`);
  return etags;
}

async function completeParts(
  access: S3Access,
  path: string,
  uploadId: string,
  etags: readonly string[],
): Promise<void> {
  const parts = etags.map((etag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>"${etag}"</ETag></Part>`);
  const body = `<CompleteMultipartUpload>${parts.join("")}</CompleteMultipartUpload>`;
  const answer = await requireS3(access, { method: "POST", path, query: { uploadId }, body, timeoutMs: completeMs });
  // S3 begins its answer before it knows how it ends.
  if (answer.body.includes("<Error>")) throw new S3Error(`POST ${path}`, answer);
}

/** An error of one object with its name, whatever it was before. */
export function objectError(doing: string, bucket: string, key: string, error: unknown): ToolboxError {
  const advice = error instanceof ToolboxError && error.advice !== undefined ? error.advice : objectAdvice(error);
  return new ToolboxError(`${doing} object "${key}" of bucket ${bucket}: ${errorText(error)}`, {
    advice,
    cause: error,
  });
}

function objectAdvice(error: unknown): string {
  if (error instanceof S3Error && error.status === 403)
    return "the key of the object store may not do this: look at its policy";
  return "look at the object store's log and its disk; run it again, what was done is kept";
}
