import { basename, join } from "node:path";
import { parsePublicKey } from "../bundle/minisign.ts";
import { BundleError, UsageError } from "../errors/installer-error.ts";
import type { ActionPorts } from "./context.ts";

export interface TrustedKeysRequest {
  /** Absolute paths given with --key; when there are any, only these count. */
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
}

type KeyPorts = Pick<ActionPorts, "fs" | "environment" | "host">;

/** Folders in which `*.pub` files are trusted, as far as they exist. */
function trustedKeyFolders(ports: Pick<KeyPorts, "environment" | "host">): readonly string[] {
  const { XDG_CONFIG_HOME: given, HOME: home } = ports.environment;
  const config = given?.startsWith("/") === true ? given : home === undefined ? undefined : join(home, ".config");
  return [
    ...(config === undefined ? [] : [join(config, "slipway", "trusted-keys")]),
    ...(ports.host.isRoot() ? ["/etc/slipway/trusted-keys"] : []),
  ];
}

/**
 * The public keys that bundles have to be signed by: those named, else those in the folders of trusted keys.
 * @returns texts of `.pub` files, for `openBundle`
 * @throws UsageError when a file named is not there; BundleError when it is no key, or when no key is known and unsigned bundles were not allowed
 */
export async function readTrustedKeys(request: TrustedKeysRequest, ports: KeyPorts): Promise<readonly string[]> {
  const named = await Promise.all(request.keyFiles.map((path) => readKey(path, ports)));
  if (named.length > 0) return named;
  const folders = trustedKeyFolders(ports);
  const found: string[] = [];
  for (const folder of folders) {
    for (const name of await ports.fs.list(folder)) {
      if (name.endsWith(".pub")) found.push(await readKey(join(folder, name), ports));
    }
  }
  if (found.length === 0 && !request.allowUnsigned) {
    throw new BundleError("no public key is known that a bundle could be checked with", {
      hint: `name its maker's key with --key FILE.pub, or put it into ${folders[0] ?? "the folder of trusted keys"}; slipway bundle keygen makes a pair; --allow-unsigned takes a bundle whoever made it`,
    });
  }
  return found;
}

async function readKey(path: string, ports: KeyPorts): Promise<string> {
  const text = await ports.fs.readTextIfPresent(path);
  if (text === undefined) {
    throw new UsageError(`the public key ${path} does not exist`, {
      hint: `name the .pub file of the bundle's maker with --key, not ${basename(path, ".key")}.key`,
    });
  }
  parsePublicKey(text, path);
  return text;
}
