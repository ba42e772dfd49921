import { createHash } from "node:crypto";
import { presign } from "../../../../toolbox/src/s3-client.ts";
import type { Repository } from "./repositories.ts";
import type { Settings } from "./settings.ts";

const seconds = 3600;

/** An address at the object store, as people reach it, at which a large file of a repository is put or got. */
export async function signLargeFile(
  settings: Settings,
  { id }: Pick<Repository, "id">,
  oid: string,
  method: "GET" | "PUT",
): Promise<string> {
  const text = (name: string): string => settings.text(`STARHUB_SERVER_S3_${name}`);
  const access = {
    endpoint: `${settings.flag("STARHUB_SERVER_S3_ENABLE_SSL") ? "https" : "http"}://${text("ENDPOINT")}`,
    region: text("REGION"),
    accessKey: text("ACCESS_KEY_ID"),
    secretKey: text("ACCESS_KEY_SECRET"),
  };
  const place = createHash("sha256").update(String(id)).digest("hex");
  const path = `/${text("BUCKET")}/repos/${place.slice(0, 2)}/${place.slice(2, 4)}/${place}/${oid}`;
  return presign(access, { method, path }, seconds);
}

/** The name of a large file in what Git has in its place; undefined where it is the file itself. */
export function oidIn(content: Buffer): string | undefined {
  if (content.length > 1024) return undefined;
  return /^version https:\/\/git-lfs\.github\.com\/spec\/v1\noid sha256:([0-9a-f]{64})\n/.exec(content.toString())?.[1];
}
