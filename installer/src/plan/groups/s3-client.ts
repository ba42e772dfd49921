import type { PlanContext } from "../define.ts";
import type { SecretSpec, Slotted, Wire } from "../model.ts";
import { endpoint, secret } from "../text.ts";
import { publicResolve, verifyCaFile } from "./public-address.ts";
import { servedUrl } from "../../values/addressing.ts";

/** Name of the secret that goes with an access key. An external store has one key for everything. */
export function s3SecretName(context: PlanContext, key: string): string {
  return context.values.objectStore.mode === "external" ? "s3-external" : `s3-${key}`;
}

/** The access key a service signs with. */
export function s3AccessKey(context: PlanContext, key: string): string {
  const { mode, external } = context.values.objectStore;
  return mode === "external" ? external.accessKey : key;
}

/** One secret per access key, each made once. */
export function s3Secrets(context: PlanContext): readonly SecretSpec[] {
  return s3Keys(context).map((key) => ({
    name: `s3-${key}`,
    description: `secret key of ${key} on the object store`,
    generator: { kind: "random", bytes: 20, encoding: "hex" },
  }));
}

/** Every access key, sorted. */
export function s3Keys(context: PlanContext): readonly string[] {
  return [...new Set(context.buckets.map((bucket) => bucket.key))].sort();
}

/** Where presigned URLs point. */
export function s3PublicUrl(context: PlanContext): string {
  const { mode, external } = context.values.objectStore;
  if (mode === "embedded") return servedUrl(context.addressing, "s3");
  return external.publicEndpoint === "" ? external.endpoint : external.publicEndpoint;
}

/** The same for programs that take host and scheme apart, and the endpoint of the plan that it leads to. */
export function s3PublicPlace(context: PlanContext): {
  readonly host: string;
  readonly secure: boolean;
  readonly endpoint: string;
} {
  const { host, protocol } = new URL(s3PublicUrl(context));
  const endpoint = context.values.objectStore.mode === "embedded" ? "gateway.s3" : "minio.s3";
  return { host, secure: protocol === "https:", endpoint };
}

/** Proves that a key works on its bucket, through the public address too, and on no other's. */
export function s3Wire(context: PlanContext, bucketName: string): Wire {
  const bucket = context.buckets.find((row) => row.name === bucketName);
  if (bucket === undefined) throw new RangeError(`no component declares the bucket ${bucketName}`);
  const embedded = context.values.objectStore.mode === "embedded";
  const denied = embedded ? context.buckets.filter((row) => row.key !== bucket.key).map((row) => row.name) : [];
  const check: Record<string, Slotted> = {
    kind: "s3",
    endpoint: endpoint("minio.s3", "url"),
    publicEndpoint: s3PublicUrl(context),
    region: context.values.objectStore.region,
    accessKey: s3AccessKey(context, bucket.key),
    secretKey: secret(s3SecretName(context, bucket.key)),
    bucket: bucket.name,
    deniedBuckets: denied,
    publicRead: bucket.access === "public-read",
    ...(embedded ? { ...verifyCaFile(context), ...publicResolve(context, "s3") } : {}),
  };
  return {
    id: `${bucket.name}-bucket`,
    from: bucket.usedBy[0] ?? bucket.key,
    to: "minio.s3",
    expectation: `${bucket.key} writes, reads and presigns in ${bucket.name}${denied.length === 0 ? "" : " and is denied on other buckets"}`,
    check,
  };
}
