import { listKeysBelow } from "../describe-value.ts";
import { isIpv4 } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, valueAt, wrongValue } from "./rule.ts";

/** What S3 refuses as the name of a bucket. */
export const objectStoreRules: readonly Rule[] = [{ reads: ["objectStore.buckets"], check: checkBuckets }];

function checkBuckets(values: Values): readonly Finding[] {
  // An unknown bucket is the schema's finding and may be of any kind, so only the known ones are read.
  const names = listKeysBelow(["objectStore", "buckets"]);
  const entries = names.map((name) => [name, valueAt(values, `objectStore.buckets.${name}`) as string] as const);
  return entries.flatMap(([name, bucket], index) => {
    const path = `objectStore.buckets.${name}`;
    const fault = findBucketFault(bucket);
    if (fault !== undefined) return [wrongValue(path, bucket, fault, "allowed is a name such as ai-models")];
    const first = entries.slice(0, index).find(([, earlier]) => earlier === bucket);
    if (first === undefined) return [];
    const other = `objectStore.buckets.${first[0]}`;
    return [becauseOf(wrongValue(path, bucket, `is the same bucket as ${other}`, "allowed is one of its own"), other)];
  });
}

function findBucketFault(bucket: string): string | undefined {
  if (isIpv4(bucket)) return "looks like an IP address, which S3 refuses";
  if (/\.\.|\.-|-\./.test(bucket)) return "has a dot beside a dot or hyphen, which S3 refuses";
  if (/^(xn--|sthree-|amzn-s3-demo-)/.test(bucket)) return "begins with a prefix that S3 keeps for itself";
  if (/(-s3alias|--ol-s3|\.mrap|--x-s3)$/.test(bucket)) return "ends with a suffix that S3 keeps for itself";
  return undefined;
}
