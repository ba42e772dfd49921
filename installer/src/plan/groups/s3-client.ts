import type { PlanContext } from "../define.ts";
import type { SecretSpec, Slotted, Wire } from "../model.ts";
import { endpoint, secret } from "../text.ts";
import { outsideCaFile, publicResolve, verifyCaFile } from "./public-address.ts";
import { servedUrl } from "../../values/addressing.ts";

/** Who may do everything at our own store. */
export const s3Administrator = { accessKey: "slipway-root", secretKey: secret("minio-root") };

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

/** Whether it is an object store that the hub's programs, left to themselves, address by virtual host. */
export function isCloud(address: string): boolean {
  return clouds.test(new URL(address).hostname);
}

const clouds = /(^|\.)(amazonaws\.com(\.cn)?|storage\.googleapis\.com|aliyuncs\.com)$/;

/** Whether the bucket stands in the path of an address or before its host name. */
export function s3Addressing(context: PlanContext): "path" | "virtual-host" {
  const { mode, external } = context.values.objectStore;
  if (mode === "embedded") return "path";
  if (external.addressing !== "auto") return external.addressing;
  return isCloud(external.endpoint) ? "virtual-host" : "path";
}

/** The fields with which a document of the toolbox says how an external store is reached; none of our own. */
export function s3Outside(context: PlanContext): { readonly virtualHost?: true; readonly caFile?: string } {
  if (context.values.objectStore.mode === "embedded") return {};
  return {
    ...(s3Addressing(context) === "virtual-host" ? { virtualHost: true as const } : {}),
    ...outsideCaFile(context),
  };
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
    ...(embedded ? { ...verifyCaFile(context), ...publicResolve(context, "s3") } : s3Outside(context)),
  };
  return {
    id: `${bucket.name}-bucket`,
    from: bucket.usedBy[0] ?? bucket.key,
    to: "minio.s3",
    expectation: `${bucket.key} writes, reads and presigns in ${bucket.name}${denied.length === 0 ? "" : " and is denied on other buckets"}`,
    check,
  };
}
