import type { IncomingMessage } from "node:http";
import type { S3Entry, S3Object } from "../contract.ts";
import { ToolboxError } from "../errors.ts";
import type { S3Access } from "../s3-client.ts";
import { callS3, openS3, requireS3, S3Error, xmlElements, xmlText } from "../s3-client.ts";

/** `bucket/key`, as a person writes it. */
export interface S3Place {
  readonly bucket: string;
  /** Empty where a bucket as a whole is meant. */
  readonly key: string;
}

/** What was found, before it is told as a line. */
export type Found<Line> = Omit<Line, "apiVersion" | "kind">;

/** Every bucket that the key may see, with the day it was made. */
export async function listBuckets(access: S3Access): Promise<readonly Found<S3Entry>[]> {
  const answer = await requireS3(access, { method: "GET", path: "/" });
  return xmlElements(answer.body.toString("utf8"), "Bucket").map((row) => ({
    name: xmlText(row, "Name") ?? "",
    ...withTime(xmlText(row, "CreationDate")),
  }));
}

/** Objects whose key begins so, a page at a time; without `deep` what lies below a further slash is one entry. */
export async function* listObjects(
  access: S3Access,
  { bucket, key }: S3Place,
  deep: boolean,
): AsyncGenerator<Found<S3Entry>> {
  let token: string | undefined;
  do {
    const query = {
      "list-type": "2",
      "encoding-type": "url",
      prefix: key,
      ...(deep ? {} : { delimiter: "/" }),
      ...(token === undefined ? {} : { "continuation-token": token }),
    };
    const answer = await requireS3(access, { method: "GET", path: `/${bucket}`, query });
    const page = answer.body.toString("utf8");
    for (const row of xmlElements(page, "CommonPrefixes")) yield { name: decodeKey(xmlText(row, "Prefix")) };
    for (const row of xmlElements(page, "Contents")) {
      yield {
        name: decodeKey(xmlText(row, "Key")),
        size: Number(xmlText(row, "Size") ?? 0),
        ...withTime(xmlText(row, "LastModified")),
      };
    }
    token = xmlText(page, "IsTruncated") === "true" ? xmlText(page, "NextContinuationToken") : undefined;
  } while (token !== undefined);
}

/** Keys may hold what XML cannot: they come as in a URL, with `+` for a blank. */
function decodeKey(text = ""): string {
  return decodeURIComponent(text.replaceAll("+", "%20"));
}

function withTime(text: string | undefined): { readonly modified?: string } {
  return text === undefined ? {} : { modified: text };
}

/** The contents of an object, to be read as they come. */
export async function openObject(access: S3Access, place: S3Place): Promise<IncomingMessage> {
  return openS3(access, { method: "GET", path: pathOf(place) });
}

/** What the store says of an object. */
export async function describeObject(access: S3Access, place: S3Place): Promise<Found<S3Object>> {
  const answer = await callS3(access, { method: "HEAD", path: pathOf(place) });
  // A HEAD has no body that could say why.
  if (answer.status === 404) throw new ToolboxError(`there is no object ${place.bucket}/${place.key}`);
  if (answer.status !== 200) throw new S3Error(`HEAD ${pathOf(place)}`, answer);
  const { headers } = answer;
  return {
    name: `${place.bucket}/${place.key}`,
    size: Number(headers["content-length"] ?? 0),
    ...withTime(headers["last-modified"]),
    ...(headers["content-type"] !== undefined && { type: headers["content-type"] }),
    ...(headers.etag !== undefined && { etag: headers.etag.replaceAll('"', "") }),
    ...(typeof headers["x-amz-version-id"] === "string" && { version: headers["x-amz-version-id"] }),
  };
}

/** Copies within the store; nothing passes through here. */
export async function copyObject(access: S3Access, from: S3Place, to: S3Place): Promise<void> {
  const source = pathOf(from).split("/").map(encodeURIComponent).join("/");
  const answer = await requireS3(access, {
    method: "PUT",
    path: pathOf(to),
    headers: { "x-amz-copy-source": source },
  });
  // The answer begins before the copy has ended, so that a failure comes in its body.
  if (answer.body.toString("utf8").includes("<Error>")) throw new S3Error(`PUT ${pathOf(to)}`, answer);
}

export async function removeObject(access: S3Access, place: S3Place): Promise<void> {
  await requireS3(access, { method: "DELETE", path: pathOf(place) });
}

/** S3 takes no more in one request than can be signed beforehand, and nothing of unknown length. */
const partBytes = 16 * 1024 * 1024;

/** Writes what comes as one object; what does not fit into one part goes in several, of which none stays when it fails. */
export async function putObject(access: S3Access, place: S3Place, input: AsyncIterable<Uint8Array>): Promise<number> {
  const path = pathOf(place);
  const parts = inParts(input);
  const first = await parts.next();
  const whole = first.done === true ? Buffer.alloc(0) : first.value;
  if (whole.length < partBytes) {
    await requireS3(access, { method: "PUT", path, body: whole });
    return whole.length;
  }
  const begun = await requireS3(access, { method: "POST", path, query: { uploads: "" } });
  const uploadId = xmlText(begun.body.toString("utf8"), "UploadId") ?? "";
  try {
    return await putParts(access, { path, uploadId }, whole, parts);
  } catch (error) {
    await callS3(access, { method: "DELETE", path, query: { uploadId } }).catch(() => undefined);
    throw error;
  }
}

async function putParts(
  access: S3Access,
  { path, uploadId }: { readonly path: string; readonly uploadId: string },
  first: Buffer,
  others: AsyncIterable<Buffer>,
): Promise<number> {
  const tags: string[] = [];
  let bytes = 0;
  const put = async (body: Buffer): Promise<void> => {
    const query = { partNumber: String(tags.length + 1), uploadId };
    const answer = await requireS3(access, { method: "PUT", path, query, body });
    tags.push(answer.headers.etag ?? "");
    bytes += body.length;
  };
  await put(first);
  for await (const part of others) await put(part);
  const rows = tags.map((tag, index) => `<Part><PartNumber>${index + 1}</PartNumber><ETag>${tag}</ETag></Part>`);
  const body = `<CompleteMultipartUpload>${rows.join("")}</CompleteMultipartUpload>`;
  const ended = await requireS3(access, { method: "POST", path, query: { uploadId }, body });
  if (ended.body.toString("utf8").includes("<Error>")) throw new S3Error(`POST ${path}`, ended);
  return bytes;
}

/** The same bytes in parts of one size; the last one may be shorter. */
async function* inParts(input: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of input) {
    held.push(chunk);
    length += chunk.length;
    while (length >= partBytes) {
      const all = Buffer.concat(held);
      yield all.subarray(0, partBytes);
      held = [all.subarray(partBytes)];
      length = all.length - partBytes;
    }
  }
  if (length > 0) yield Buffer.concat(held);
}

function pathOf({ bucket, key }: S3Place): string {
  return `/${bucket}/${key}`;
}
