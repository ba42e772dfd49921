import { createHash } from "node:crypto";
import type { S3Bucket, S3BucketsJob, S3User } from "../contract.generated.ts";
import { ToolboxError } from "../errors.ts";
import {
  readMinioPolicy,
  readMinioUser,
  setMinioUserPolicy,
  writeMinioPolicy,
  writeMinioUser,
} from "../protocols/minio-admin.ts";
import type { S3Access } from "../s3-client.ts";
import { callS3, isS3Starting, requireS3, S3Error, xmlText } from "../s3-client.ts";
import { publicReadPolicy, samePolicy, userPolicy, userPolicyName } from "../s3-policies.ts";
import { isConnectionFailure, waitForServer } from "../wait-for-server.ts";
import type { JobContext } from "./job.ts";

/** Makes the buckets with their versioning, expiry and access, and on MinIO one key per service. */
export async function runS3Buckets(job: S3BucketsJob, context: JobContext): Promise<void> {
  const { endpoint, region, virtualHost, caFile } = job;
  const access: S3Access = { endpoint, region, ...job.admin, virtualHost, caFile };
  const isTransient = (error: unknown): boolean => isConnectionFailure(error) || isS3Starting(error);
  await waitForServer({ what: `the object store at ${job.endpoint}`, isTransient, log: context.log }, () =>
    requireS3(access, { method: "GET", path: "/" }),
  );
  for (const bucket of job.buckets) await ensureBucket(access, bucket, context);
  if (job.flavour === "generic") return;
  for (const user of job.users) await ensureUser(access, user, context);
}

async function ensureBucket(access: S3Access, bucket: S3Bucket, context: JobContext): Promise<void> {
  const head = await callS3(access, { method: "HEAD", path: `/${bucket.name}` });
  if (head.status === 404) {
    await context.change(`create bucket ${bucket.name}`, () => createBucket(access, bucket.name));
    // a probe cannot look into a bucket that is not there
    if (context.probe) return;
  } else if (head.status !== 200) {
    throw new S3Error(`HEAD /${bucket.name}`, head);
  }
  if (bucket.versioning) await ensureVersioning(access, bucket.name, context);
  if (bucket.noncurrentDays !== undefined) await ensureExpiry(access, bucket.name, bucket.noncurrentDays, context);
  await ensureAccess(access, bucket, context);
}

async function createBucket(access: S3Access, bucket: string): Promise<void> {
  const body =
    access.region === "us-east-1"
      ? ""
      : `<CreateBucketConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><LocationConstraint>${access.region}</LocationConstraint></CreateBucketConfiguration>`;
  const answer = await callS3(access, { method: "PUT", path: `/${bucket}`, body });
  if (answer.status === 200) return;
  const error = new S3Error(`PUT /${bucket}`, answer);
  // made by an earlier run that was cut off before it heard the answer
  if (error.code === "BucketAlreadyOwnedByYou") return;
  throw error;
}

async function ensureVersioning(access: S3Access, bucket: string, context: JobContext): Promise<void> {
  const call = { path: `/${bucket}`, query: { versioning: "" } };
  const answer = await requireS3(access, { method: "GET", ...call });
  if (xmlText(answer.body.toString("utf8"), "Status") === "Enabled") return;
  await context.change(`enable versioning of bucket ${bucket}`, async () => {
    const body = `<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>`;
    await requireS3(access, { method: "PUT", ...call, body, headers: contentMd5(body) });
  });
}

async function ensureExpiry(access: S3Access, bucket: string, days: number, context: JobContext): Promise<void> {
  const call = { path: `/${bucket}`, query: { lifecycle: "" } };
  const answer = await callS3(access, { method: "GET", ...call });
  if (answer.status !== 200 && answer.status !== 404) throw new S3Error(`GET /${bucket}?lifecycle`, answer);
  const current = answer.body.toString("utf8");
  const markers = xmlText(current, "ExpiredObjectDeleteMarker") === "true";
  if (answer.status === 200 && markers && xmlText(current, "NoncurrentDays") === String(days)) return;
  await context.change(`let old versions in bucket ${bucket} expire after ${days} days`, async () => {
    const body =
      `<LifecycleConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Rule><ID>slipway-noncurrent</ID>` +
      `<Status>Enabled</Status><Filter><Prefix></Prefix></Filter>` +
      `<Expiration><ExpiredObjectDeleteMarker>true</ExpiredObjectDeleteMarker></Expiration><NoncurrentVersionExpiration>` +
      `<NoncurrentDays>${days}</NoncurrentDays></NoncurrentVersionExpiration></Rule></LifecycleConfiguration>`;
    await requireS3(access, { method: "PUT", ...call, body, headers: contentMd5(body) });
  });
}

/** S3 asks for this header on calls that change a bucket's configuration. */
function contentMd5(body: string): Record<string, string> {
  return { "content-md5": createHash("md5").update(body).digest("base64") };
}

async function ensureAccess(access: S3Access, bucket: S3Bucket, context: JobContext): Promise<void> {
  const call = { path: `/${bucket.name}`, query: { policy: "" } };
  const answer = await callS3(access, { method: "GET", ...call });
  if (answer.status !== 200 && answer.status !== 404) throw new S3Error(`GET /${bucket.name}?policy`, answer);
  const current: unknown = answer.status === 200 ? JSON.parse(answer.body.toString("utf8")) : undefined;
  if (bucket.access === "private") {
    if (current === undefined) return;
    await context.change(`close bucket ${bucket.name} to anonymous readers`, async () => {
      await requireS3(access, { method: "DELETE", ...call });
    });
    return;
  }
  const wanted = publicReadPolicy(bucket.name);
  if (samePolicy(current, wanted)) return;
  await context.change(`let anybody download from bucket ${bucket.name}`, async () => {
    await requireS3(access, { method: "PUT", ...call, body: JSON.stringify(wanted) });
  });
}

async function ensureUser(access: S3Access, user: S3User, context: JobContext): Promise<void> {
  const policy = userPolicyName(user);
  const wanted = userPolicy(user);
  const current = await readMinioPolicy(access, policy);
  if (!samePolicy(current, wanted)) {
    await context.change(`write policy ${policy}`, () => writeMinioPolicy(access, policy, wanted));
  }
  const known = await readMinioUser(access, user.accessKey);
  if (known === undefined) {
    await context.change(`create access key ${user.accessKey}`, () => giveKey(access, user));
  } else if (!known.enabled || !(await isSecretKeyRight(access, user))) {
    await context.change(`set the secret of access key ${user.accessKey}`, () => giveKey(access, user));
  }
  if (known?.policies.length !== 1 || known.policies[0] !== policy) {
    await context.change(`give access key ${user.accessKey} policy ${policy}`, () =>
      setMinioUserPolicy(access, user.accessKey, policy),
    );
  }
}

async function giveKey(access: S3Access, user: S3User): Promise<void> {
  await writeMinioUser(access, user.accessKey, user.secretKey);
  if (await isSecretKeyRight(access, user)) return;
  throw new ToolboxError(`access key ${user.accessKey} is refused although its secret was just set`, {
    advice: "look at the object store's log",
  });
}

/** A wrong secret gives SignatureDoesNotMatch; a right one is at worst denied by its policy. */
async function isSecretKeyRight(access: S3Access, user: S3User): Promise<boolean> {
  const own = { ...access, accessKey: user.accessKey, secretKey: user.secretKey };
  const answer = await callS3(own, { method: "GET", path: `/${user.buckets[0] ?? ""}`, query: { location: "" } });
  if (answer.status === 200) return true;
  const { code } = new S3Error("GET location", answer);
  if (code === "AccessDenied") return true;
  if (code === "SignatureDoesNotMatch" || code === "InvalidAccessKeyId") return false;
  throw new S3Error(`checking access key ${user.accessKey}`, answer);
}
