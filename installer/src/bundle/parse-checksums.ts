import { BundleError } from "../errors/installer-error.ts";
import { bundlePaths } from "./bundle-manifest.ts";

/** 100 bytes for each of the most entries a bundle may have. */
export const checksumsLimit = 32 * 1024 * 1024;

/**
 * Reads `checksums.txt`: digests by path.
 * @param name what is read, for the error
 * @throws BundleError naming the line that is not `<hex>  <path>`, out of order, or against the name of its blob
 */
export function parseChecksums(bytes: Uint8Array, name: string): ReadonlyMap<string, string> {
  const text = Buffer.from(bytes).toString("utf8");
  if (text !== "" && !text.endsWith("\n")) throw new BundleError(`${name} ends in the middle of a line`);
  const digests = new Map<string, string>();
  let previous = "";
  for (const [index, line] of text.split("\n").slice(0, -1).entries()) {
    const found = /^([0-9a-f]{64}) {2}([^\p{Cc}]+)$/u.exec(line);
    const [, hex = "", path = ""] = found ?? [];
    const refuse = (why: string): never => {
      throw new BundleError(`${name}, line ${index + 1}: ${why}`);
    };
    if (found === null) refuse("is not a SHA-256 sum and a path");
    if (path <= previous) refuse(`${path} is twice in it or not in order`);
    if (path.startsWith(bundlePaths.blobs) && path !== `${bundlePaths.blobs}${hex}`) {
      refuse(`${path} is not named by its digest, ${hex}`);
    }
    digests.set(path, `sha256:${hex}`);
    previous = path;
  }
  return digests;
}
