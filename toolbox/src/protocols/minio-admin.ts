import type { HttpAnswer } from "../http-request.ts";
import type { S3Access, S3Call } from "../s3-client.ts";
import { callS3, S3Error } from "../s3-client.ts";
import { encryptForMinio } from "./minio-crypt.ts";

/**
 * The five calls of MinIO's admin API that are needed, as github.com/minio/madmin-go makes them (version 3 of
 * the API): signed like S3, names in the query, secrets in an encrypted body.
 */
export interface MinioUser {
  readonly enabled: boolean;
  readonly policies: readonly string[];
}

/** The user of an access key, or undefined if there is none. */
export async function readMinioUser(access: S3Access, accessKey: string): Promise<MinioUser | undefined> {
  const answer = await callAdmin(access, { method: "GET", path: "user-info", query: { accessKey } });
  if (answer.status === 404) return undefined;
  const info = parse(answer, "user-info") as { readonly status?: string; readonly policyName?: string };
  const policies = (info.policyName ?? "").split(",").filter((name) => name !== "");
  return { enabled: info.status === "enabled", policies };
}

/** Makes a user or gives it another secret key. */
export async function writeMinioUser(access: S3Access, accessKey: string, secretKey: string): Promise<void> {
  const payload = Buffer.from(JSON.stringify({ secretKey, status: "enabled" }), "utf8");
  const body = encryptForMinio(access.secretKey, payload);
  parse(await callAdmin(access, { method: "PUT", path: "add-user", query: { accessKey }, body }), "add-user");
}

/** A named policy as MinIO keeps it, or undefined. */
export async function readMinioPolicy(access: S3Access, name: string): Promise<unknown> {
  const answer = await callAdmin(access, { method: "GET", path: "info-canned-policy", query: { name, v: "2" } });
  if (answer.status === 404) return undefined;
  return (parse(answer, "info-canned-policy") as { readonly Policy?: unknown }).Policy;
}

/** Writes a named policy, replacing one of the same name. */
export async function writeMinioPolicy(access: S3Access, name: string, policy: object): Promise<void> {
  const body = JSON.stringify(policy);
  const answer = await callAdmin(access, { method: "PUT", path: "add-canned-policy", query: { name }, body });
  parse(answer, "add-canned-policy");
}

/** Gives a user this one policy, instead of any it had. */
export async function setMinioUserPolicy(access: S3Access, accessKey: string, policy: string): Promise<void> {
  const query = { policyName: policy, userOrGroup: accessKey, isGroup: "false" };
  parse(await callAdmin(access, { method: "PUT", path: "set-user-or-group-policy", query }), "set-user-policy");
}

async function callAdmin(access: S3Access, call: S3Call): Promise<HttpAnswer> {
  return callS3(access, { ...call, path: `/minio/admin/v3/${call.path}` });
}

function parse(answer: HttpAnswer, what: string): unknown {
  if (answer.status !== 200) throw new S3Error(`MinIO admin ${what}`, answer);
  const text = answer.body.toString("utf8");
  return text === "" ? undefined : JSON.parse(text);
}
