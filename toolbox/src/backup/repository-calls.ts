import type { BackupBucket, BackupRest } from "../contract.generated.ts";
import type { HttpRequest } from "../http-request.ts";
import type { S3Access } from "../s3-client.ts";
import { defaultRegion, type RepositoryFiles } from "./restic-repository.ts";

/** A request to a rest-server about what a path below the repository names. */
export function restRequest(
  { url, login, ca }: BackupRest,
  files: RepositoryFiles,
  { method, path }: { readonly method: string; readonly path: string },
): HttpRequest {
  const basic = login === undefined ? undefined : Buffer.from(`${login.user}:${login.password}`).toString("base64");
  return {
    ...{ method, url: `${url.replace(/\/*$/, "/")}${path}` },
    ...(basic === undefined ? {} : { headers: { authorization: `Basic ${basic}` } }),
    caFile: ca === undefined ? undefined : files.authorities,
  };
}

/** What the object store of a repository is called with. */
export function bucketAccess(repository: BackupBucket, files: RepositoryFiles): S3Access {
  const { endpoint, region = defaultRegion, accessKey, secretKey, virtualHost, ca } = repository;
  const caFile = ca === undefined ? undefined : files.authorities;
  return { endpoint, region, accessKey, secretKey, virtualHost, caFile };
}

/** The key of what a path below the repository names. */
export function bucketKey({ prefix }: Pick<BackupBucket, "prefix">, path: string): string {
  return prefix === undefined ? path : `${prefix}/${path}`;
}
