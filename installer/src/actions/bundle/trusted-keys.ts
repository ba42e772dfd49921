import { basename, join } from "node:path";
import { parsePublicKey } from "../../bundle/minisign.ts";
import { isPartName, noSuchBundle } from "../../bundle/parts.ts";
import { BundleError, UsageError } from "../../errors/installer-error.ts";
import type { ActionPorts } from "../context.ts";

export interface TrustedKeysRequest {
  /** Absolute paths given with --key; when there are any, only these count. */
  readonly keyFiles: readonly string[];
  readonly allowUnsigned: boolean;
  /** The bundles that are to be opened: one that is not there is told first, because no key helps against that. */
  readonly paths?: readonly string[];
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
 * @throws PreflightError when a bundle is not there; UsageError when a key named is not there; BundleError when it is no key, or when no key is known and unsigned bundles were not allowed
 */
export async function readTrustedKeys(request: TrustedKeysRequest, ports: KeyPorts): Promise<readonly string[]> {
  for (const path of request.paths ?? []) {
    if (!isPartName(path) && !(await ports.fs.exists(path))) throw noSuchBundle(path);
  }
  const named = await Promise.all(request.keyFiles.map((path) => readKey(path, ports)));
  if (named.length > 0) return named;
  const folders = trustedKeyFolders(ports);
  const found: string[] = [];
  for (const folder of folders) {
    const names = (await ports.fs.list(folder)).filter((name) => name.endsWith(".pub"));
    if (names.length > 0) await refuseOpen(folder, ports);
    for (const name of names) {
      await refuseOpen(join(folder, name), ports);
      found.push(await readKey(join(folder, name), ports));
    }
  }
  if (found.length === 0 && !request.allowUnsigned) {
    throw new BundleError("no public key is known that a bundle could be checked with", {
      hint: `ask its maker for the public key and name it with --key FILE.pub, or put it into ${folders[0] ?? "the folder of trusted keys"}; --allow-unsigned takes a bundle whoever made it`,
    });
  }
  return found;
}

/**
 * Whoever can write there says whom this user trusts.
 * @throws BundleError when others than the user and root can
 */
async function refuseOpen(path: string, { fs, host }: KeyPorts): Promise<void> {
  const found = await fs.stat(path);
  if (found === undefined) return;
  const { mode, uid } = found;
  // Where each user has a group of their own, a folder that this group may write is nobody else's.
  const openTo = host.isRoot() ? 0o022 : 0o002;
  const problem =
    uid !== 0 && uid !== host.uid()
      ? "belongs to another user"
      : (mode & openTo) !== 0
        ? "can be written by others"
        : "";
  if (problem === "") return;
  throw new BundleError(`${path} ${problem}, who could so make this user trust any bundle`, {
    hint: `chown it to this user or root and chmod go-w ${path}, after a look at the keys in it; or name the maker's key with --key FILE.pub`,
  });
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
