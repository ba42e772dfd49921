import { randomBytes } from "node:crypto";
import type { S3Wire } from "../contract.generated.ts";
import { errorText, NotRefusedError, ToolboxError } from "../errors.ts";
import type { HttpAnswer } from "../http-request.ts";
import { sendHttp } from "../http-request.ts";
import type { S3Access } from "../s3-client.ts";
import { callS3, callUrl, presign, removeVersions, requireS3, S3Error } from "../s3-client.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

export const s3Check: WireCheck<S3Wire> = {
  address: (wire) => `${wire.endpoint}/${wire.bucket} and ${wire.publicEndpoint}`,
  expectation: (wire) => {
    const denied = wire.deniedBuckets.length === 0 ? "" : `, is denied on ${wire.deniedBuckets.join(", ")}`;
    const anonymous = wire.publicRead === true ? "anybody may download" : "nobody gets in without a key";
    return `puts, gets, presigns through the public address and deletes in ${wire.bucket}${denied}; ${anonymous}`;
  },
  prove: proveS3,
};

async function proveS3(wire: S3Wire, context: WireContext): Promise<void> {
  const access: S3Access = { ...wire, resolve: undefined, signal: context.signal };
  const key = `slipway-verify/${randomBytes(12).toString("hex")} ü+&.txt`;
  const path = `/${wire.bucket}/${key}`;
  const content = randomBytes(64);
  // the clean-up has its own time, so it must not be aborted with the check
  context.atEnd(() => removeVersions({ ...access, signal: undefined }, wire.bucket, key));
  const type = { "content-type": "application/octet-stream" };
  await requireS3(access, { method: "PUT", path, body: content, headers: type });
  const got = await requireS3(access, { method: "GET", path });
  if (!got.body.equals(content)) throw new ToolboxError("the object just put was not got back as it was");
  context.note("put and got an object");
  await provePresigned(wire, path, content, context);
  await proveAnonymous(wire, path, context);
  for (const bucket of wire.deniedBuckets) await proveDenied(access, bucket, context);
  await removeVersions(access, wire.bucket, key);
  const gone = await callS3(access, { method: "GET", path });
  if (gone.status !== 404) throw new S3Error("getting the deleted object", gone);
  context.note("deleted it");
}

async function provePresigned(
  wire: S3Wire,
  path: string,
  content: Buffer,
  { note, signal }: WireContext,
): Promise<void> {
  const access: S3Access = { ...wire, endpoint: wire.publicEndpoint };
  const url = await presign(access, { method: "GET", path }, 300);
  const answer = await sendHttp({ url, caFile: wire.caFile, resolve: wire.resolve, signal }).catch((error: unknown) => {
    throw new ToolboxError(`the public address ${wire.publicEndpoint}: ${errorText(error)}`, { cause: error });
  });
  if (answer.status !== 200) {
    const error = new S3Error(`a presigned URL at ${wire.publicEndpoint}`, answer);
    const advice =
      error.code === "SignatureDoesNotMatch"
        ? "the gateway changes the Host header, the port in it or the path before it reaches the store"
        : "look at the gateway's route to the store";
    throw new ToolboxError(error.message, { advice });
  }
  if (!answer.body.equals(content)) throw new ToolboxError("the presigned URL delivered something else");
  note(`a presigned URL works at ${wire.publicEndpoint}`);
}

async function proveAnonymous(wire: S3Wire, path: string, { note, signal }: WireContext): Promise<void> {
  const answer = await sendHttp({ url: callUrl(wire, { path }), caFile: wire.caFile, signal });
  if (wire.publicRead === true) {
    if (answer.status !== 200) throw new S3Error("downloading without a key", answer);
    note("anybody may download, as meant");
  } else {
    requireDenied(answer, `getting an object of ${wire.bucket} without a key`);
    note("denied without a key");
  }
  const listing = await sendHttp({ url: callUrl(wire, { path: `/${wire.bucket}/` }), caFile: wire.caFile, signal });
  requireDenied(listing, `listing ${wire.bucket} without a key`);
}

async function proveDenied(access: S3Access, bucket: string, { note, atEnd }: WireContext): Promise<void> {
  const key = `slipway-verify/${randomBytes(12).toString("hex")}`;
  const put = await callS3(access, { method: "PUT", path: `/${bucket}/${key}`, body: "must not be here" });
  if (put.status < 300) atEnd(() => removeVersions({ ...access, signal: undefined }, bucket, key));
  requireDenied(put, `putting into ${bucket}`);
  const list = await callS3(access, {
    method: "GET",
    path: `/${bucket}`,
    query: { "list-type": "2", "max-keys": "1" },
  });
  requireDenied(list, `listing ${bucket}`);
  note(`denied on ${bucket}`);
}

function requireDenied(answer: HttpAnswer, what: string): void {
  const error = new S3Error(what, answer);
  if (error.code === "AccessDenied") return;
  if (answer.status < 300) {
    throw new NotRefusedError(
      `${what} was allowed`,
      "the bucket is open wider than the plan says: slipway run minio-buckets sets it; look at policies made by hand",
    );
  }
  throw error;
}
