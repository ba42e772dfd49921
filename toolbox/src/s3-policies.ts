import type { S3User } from "./contract.generated.ts";

interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow";
  readonly Principal?: { readonly AWS: readonly string[] };
  readonly Action: readonly string[];
  readonly Resource: readonly string[];
}

export interface Policy {
  readonly Version: "2012-10-17";
  readonly Statement: readonly Statement[];
}

const objectActions = [
  "s3:AbortMultipartUpload",
  "s3:DeleteObject",
  "s3:GetObject",
  "s3:ListMultipartUploadParts",
  "s3:PutObject",
];

const bucketActions = ["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"];

const readActions = ["s3:GetObject"];

const listActions = ["s3:GetBucketLocation", "s3:ListBucket"];

/** The name of the policy a service's key gets. */
export function userPolicyName(user: S3User): string {
  return `slipway-${user.accessKey}`;
}

/** What one key may do: use the objects of its own buckets, or only read them, and nothing else. */
export function userPolicy(user: Pick<S3User, "buckets" | "readOnly">): Policy {
  const buckets = [...user.buckets].sort();
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: user.readOnly === true ? listActions : bucketActions,
        Resource: buckets.map((name) => `arn:aws:s3:::${name}`),
      },
      {
        Effect: "Allow",
        Action: user.readOnly === true ? readActions : objectActions,
        Resource: buckets.map((name) => `arn:aws:s3:::${name}/*`),
      },
    ],
  };
}

/** Lets anybody get an object whose name he knows; listing stays closed. */
export function publicReadPolicy(bucket: string): Policy {
  return {
    Version: "2012-10-17",
    Statement: [
      {
        Sid: "SlipwayPublicRead",
        Effect: "Allow",
        Principal: { AWS: ["*"] },
        Action: ["s3:GetObject"],
        Resource: [`arn:aws:s3:::${bucket}/*`],
      },
    ],
  };
}

/** True when two policies say the same, however their lists are ordered or single values are spelled. */
export function samePolicy(a: unknown, b: unknown): boolean {
  return JSON.stringify(canonical(a)) === JSON.stringify(canonical(b));
}

function canonical(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(canonical).map((item) => JSON.stringify(item));
    return items.length === 1
      ? JSON.parse(items[0] ?? "null")
      : items.sort().map((item) => JSON.parse(item) as unknown);
  }
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name, item]) => !(name === "Sid" || (name === "ID" && item === "")));
  return Object.fromEntries(
    entries.sort(([x], [y]) => (x < y ? -1 : 1)).map(([name, item]) => [name, canonical(item)]),
  );
}
