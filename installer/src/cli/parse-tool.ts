import type { BundleTool } from "../actions/bundle/create-request.ts";
import { UsageError } from "../errors/installer-error.ts";

/**
 * Reads `NAME[:VERSION]=FILE:SHA256`.
 * @throws UsageError when it is not written so
 */
export function parseTool(text: string, resolvePath: (path: string) => string): BundleTool {
  const match = /^([a-z0-9][a-z0-9-]{0,62})(?::([\w.+-]{1,64}))?=(.+):(?:sha256:)?([0-9a-fA-F]{64})$/.exec(text);
  const [, name, version, file, hex] = match ?? [];
  if (name === undefined || file === undefined || hex === undefined) {
    throw new UsageError(`--with ${text} is not NAME[:VERSION]=FILE:SHA256`, {
      hint: "the digest is what the tool's maker publishes, 64 hexadecimal digits; sha256sum FILE prints the one it has",
    });
  }
  const digest = `sha256:${hex.toLowerCase()}`;
  return { name, file: resolvePath(file), digest, ...(version !== undefined && { version }) };
}
