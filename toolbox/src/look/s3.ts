import { randomBytes } from "node:crypto";
import type { OutsideBucket, OutsideS3 } from "../contract.generated.ts";
import type { HttpAnswer } from "../http-request.ts";
import { sendHttp } from "../http-request.ts";
import { likelyCause } from "../likely-cause.ts";
import { downloadPolicy, keyPolicy } from "../remedies.ts";
import { callS3, callUrl, type S3Access, type S3Call, S3Error, xmlElements, xmlText } from "../s3-client.ts";
import { clockRemedy, describeClock, secondsAhead } from "./clocks.ts";
import type { LookContext } from "./look-context.ts";

/** With more between the clocks a signature is refused. */
const mostSeconds = 15 * 60;
const fewSeconds = 60;

export async function lookAtS3(service: OutsideS3, context: LookContext): Promise<void> {
  const { caFile, signal, found } = context;
  if (service.inSql === true && service.secretKey.includes("'")) {
    found(
      "failure",
      "its secret key holds an apostrophe ('), which the hub's viewer of datasets takes for the end of a text",
      "make another key for the platform, and give that one",
    );
  }
  const access: S3Access = { ...service, caFile, signal };
  const bucket = service.buckets[0]?.name ?? "";
  const first = await callS3(access, listing(bucket));
  if (!lookAtKey(first, context)) return;
  const ours = await listOwn(access);
  for (const row of service.buckets) await lookAtBucket(row, { service, access, ours }, context);
  if (service.alsoByPath === true) await lookByPath(access, bucket, context);
}

function listing(bucket: string): S3Call {
  return { method: "GET", path: `/${bucket}`, query: { "list-type": "2", "max-keys": "1" } };
}

/** Whether the store takes the key at all; what is wrong with it is wrong for each bucket. */
function lookAtKey(answer: HttpAnswer, { found }: LookContext): boolean {
  const seconds = secondsAhead(answer.headers) ?? 0;
  const clock = `the clock of the object store ${describeClock(seconds)}`;
  const { code, message } = new S3Error("a signed request", answer);
  if (code === "RequestTimeTooSkewed") {
    const theirs =
      Math.abs(seconds) < fewSeconds
        ? "the clocks of the object store and of this host differ by more than 15 minutes"
        : clock;
    found("failure", `${theirs}, so that it refuses every signature (${code})`, clockRemedy);
    return false;
  }
  if (Math.abs(seconds) >= fewSeconds) {
    const severity = Math.abs(seconds) >= mostSeconds ? "failure" : "warning";
    found(severity, `${clock}; with ${mostSeconds} s it refuses every signature`, clockRemedy);
  }
  const known = ["InvalidAccessKeyId", "SignatureDoesNotMatch", "AuthorizationHeaderMalformed", "PermanentRedirect"];
  if (!known.includes(code)) return true;
  const region = xmlText(answer.body.toString("utf8"), "Region");
  const remedies: Readonly<Record<string, string>> = {
    InvalidAccessKeyId: "the store does not know this access key: correct objectStore.external.accessKey",
    SignatureDoesNotMatch: "correct the secret key; else a proxy on the way changes the Host header or the path",
    AuthorizationHeaderMalformed: `set objectStore.region to that of the store${region === undefined ? "" : `, ${region}`}`,
    PermanentRedirect: "set objectStore.external.endpoint and objectStore.region to those of the buckets",
  };
  found("failure", message, remedies[code] ?? "");
  return false;
}

/** Names of the key's own buckets; undefined where it may not ask. */
async function listOwn(access: S3Access): Promise<ReadonlySet<string> | undefined> {
  const answer = await callS3(access, { method: "GET", path: "/" }).catch(() => undefined);
  if (answer?.status !== 200) return undefined;
  const names = xmlElements(answer.body.toString("utf8"), "Bucket").map((bucket) => xmlText(bucket, "Name") ?? "");
  return new Set(names);
}

interface Store {
  readonly service: OutsideS3;
  readonly access: S3Access;
  readonly ours: ReadonlySet<string> | undefined;
}

async function lookAtBucket({ name, publicRead }: OutsideBucket, store: Store, context: LookContext): Promise<void> {
  const { service, access, ours } = store;
  const { found } = context;
  const policy = keyPolicy(service.buckets.map((bucket) => bucket.name));
  const needs = `the key needs: ${policy}`;
  const answer = await callS3(access, listing(name));
  const { code, message } = new S3Error(`bucket ${name}`, answer);
  if (answer.status === 404) {
    if (!service.makesBuckets) found("failure", `the bucket ${name} does not exist`, `make it; ${needs}`);
    return;
  }
  if (code === "AccessDenied" || answer.status === 403) {
    const isOurs = ours?.has(name) === true;
    const whose = isOurs ? "is closed to this key" : "belongs to somebody else, or is closed to this key";
    const other = isOurs ? "" : "name a bucket of your own below objectStore.buckets; if it is yours, ";
    found("failure", `the bucket ${name} ${whose} (${code})`, `${other}${needs}`);
    return;
  }
  if (answer.status >= 300) {
    found("failure", message, likelyCause(new S3Error(`bucket ${name}`, answer)));
    return;
  }
  const denied = await tryRights(access, name, async (path) => {
    if (publicRead && !service.makesBuckets) await lookAtDownload(access, { name, path }, context);
  });
  if (denied.length === 0) return;
  found("failure", `the key may not ${denied.join(", ")} in the bucket ${name}`, needs);
}

/** Does what programs do with an object of its own, and removes it; what was denied. */
async function tryRights(
  access: S3Access,
  bucket: string,
  between: (path: string) => Promise<void>,
): Promise<readonly string[]> {
  const path = `/${bucket}/slipway-look/${randomBytes(12).toString("hex")}`;
  const denied: string[] = [];
  const attempt = async (what: string, call: S3Call): Promise<HttpAnswer | undefined> => {
    const answer = await callS3(access, call);
    if (answer.status < 300) return answer;
    if (answer.status !== 403) throw new S3Error(`${what} in ${bucket}`, answer);
    denied.push(what);
    return undefined;
  };
  const put = await attempt("put objects", { method: "PUT", path, body: "look" });
  if (put !== undefined) {
    await attempt("get objects", { method: "GET", path });
    await between(path);
  }
  const begun = await attempt("begin uploads in parts", {
    method: "POST",
    path: `${path}-parts`,
    query: { uploads: "" },
  });
  const uploadId = begun === undefined ? undefined : xmlText(begun.body.toString("utf8"), "UploadId");
  if (uploadId !== undefined) {
    const parts = { path: `${path}-parts`, query: { uploadId } };
    await attempt("list parts of uploads", { method: "GET", ...parts });
    await attempt("end uploads in parts", { method: "DELETE", ...parts });
  }
  if (put !== undefined) await attempt("delete objects", { method: "DELETE", path });
  return denied;
}

async function lookAtDownload(
  access: S3Access,
  { name, path }: { readonly name: string; readonly path: string },
  { found, caFile, signal }: LookContext,
): Promise<void> {
  const answer = await sendHttp({ url: callUrl(access, { path }), caFile, signal });
  if (answer.status === 200) return;
  found(
    "failure",
    `not everybody may download from the bucket ${name}, which pictures of the hub's pages need`,
    `the bucket needs this policy: ${downloadPolicy(name)}`,
  );
}

/** The portal has no setting for it. */
async function lookByPath(access: S3Access, bucket: string, { found }: LookContext): Promise<void> {
  const byPath = await callS3({ ...access, virtualHost: false }, listing(bucket)).catch(() => undefined);
  const byHost = await callS3(access, listing(bucket));
  if (byPath?.status === byHost.status) return;
  found(
    "failure",
    "it answers by virtual host only, and the hub's portal addresses a store that is not Amazon's, Google's or Alibaba Cloud's by path",
    "let the store answer to paths, too",
  );
}
