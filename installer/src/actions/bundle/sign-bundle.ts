import type { Sign } from "../../bundle/assemble-bundle.ts";
import { isEncryptedSecretKey, parseSecretKey, signMessage } from "../../bundle/minisign-secret.ts";
import { UsageError } from "../../errors/installer-error.ts";
import type { FileSystem } from "../../platform/ports.ts";
import type { BundleSigning } from "./bundle-signing.ts";

/**
 * What signs a bundle; undefined when it was said that it should not be signed.
 * @throws UsageError without a key, or when key or passphrase is wrong
 */
export async function prepareSigning(
  signing: BundleSigning,
  comment: string,
  fs: Pick<FileSystem, "readTextIfPresent">,
): Promise<Sign | undefined> {
  const { unsigned, keyFile, passphraseFile } = signing;
  if (unsigned && keyFile !== undefined) {
    throw new UsageError("--unsigned and --sign-key exclude each other", { hint: "leave one of them out" });
  }
  if (unsigned) return undefined;
  if (keyFile === undefined) {
    throw new UsageError("a bundle is signed, and no key is given", {
      hint: "slipway bundle keygen -o release makes a key pair, then --sign-key release.key; --unsigned makes a bundle of which nobody can tell who made it",
    });
  }
  const text = await readFile(keyFile, fs);
  const passphrase =
    passphraseFile === undefined
      ? await askPassphrase(text, keyFile, signing)
      : firstLine(await readFile(passphraseFile, fs));
  const key = await parseSecretKey(text, passphrase, keyFile);
  return (bytes) => signMessage(bytes, key, comment);
}

async function askPassphrase(text: string, keyFile: string, signing: BundleSigning): Promise<string> {
  if (!isEncryptedSecretKey(text)) return "";
  const ask = signing.askPassphrase;
  if (ask !== undefined) return ask(`passphrase of ${keyFile}`);
  throw new UsageError(`${keyFile} is protected by a passphrase, and none is given`, {
    hint: "give it with --passphrase-file FILE",
  });
}

async function readFile(path: string, fs: Pick<FileSystem, "readTextIfPresent">): Promise<string> {
  const text = await fs.readTextIfPresent(path);
  if (text === undefined) throw new UsageError(`there is no file ${path}`, { hint: "check the path" });
  return text;
}

function firstLine(text: string): string {
  return text.split(/\r?\n/, 1)[0] ?? "";
}
