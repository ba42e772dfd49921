import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { formatPublicKeyOf, formatSecretKey, generateKeyPair } from "../../bundle/minisign-secret.ts";
import type { ActionPorts, ResultHead } from "../context.ts";

export interface BundleKeygenRequest {
  /** Absolute path without ending: `NAME.key` and `NAME.pub` are made. */
  readonly output: string;
  /** Its first line is the passphrase. */
  readonly passphraseFile?: string;
  /** As a person typed it; without either the key is not encrypted. */
  readonly passphrase?: string;
}

export interface BundleKeygenResult extends ResultHead<"BundleKeygenResult"> {
  readonly keyId: string;
  readonly secretKey: string;
  readonly publicKey: string;
  readonly encrypted: boolean;
}

/**
 * Makes a key pair that bundles are signed and checked with, in minisign's own form.
 * @throws PreflightError when one of the files is there already; UsageError when there is no passphrase file of that name
 */
export async function generateBundleKey(
  request: BundleKeygenRequest,
  ports: Pick<ActionPorts, "fs" | "random" | "report">,
): Promise<BundleKeygenResult> {
  const secretKey = `${request.output}.key`;
  const publicKey = `${request.output}.pub`;
  for (const path of [secretKey, publicKey]) {
    if (await ports.fs.exists(path)) {
      throw new PreflightError(`${path} exists already and is not replaced: bundles signed with it would be lost`, {
        hint: "choose another name with -o",
      });
    }
  }
  const passphrase = await readPassphrase(request, ports);
  if (passphrase === "") {
    ports.report({
      type: "warning",
      message: `${secretKey} is not protected by a passphrase: whoever can read it can sign`,
      hint: "give one with --passphrase-file FILE, or keep the file where nobody else can read it",
    });
  }
  const key = generateKeyPair(ports.random);
  await ports.fs.writeAtomic(secretKey, await formatSecretKey(key, passphrase, ports.random), { mode: 0o600 });
  await ports.fs.writeAtomic(publicKey, formatPublicKeyOf(key), { mode: 0o644 });
  return {
    apiVersion: "slipway/v1",
    kind: "BundleKeygenResult",
    keyId: key.keyId,
    secretKey,
    publicKey,
    encrypted: passphrase !== "",
  };
}

async function readPassphrase(request: BundleKeygenRequest, ports: Pick<ActionPorts, "fs">): Promise<string> {
  const { passphraseFile, passphrase = "" } = request;
  if (passphraseFile === undefined) return passphrase;
  const text = await ports.fs.readTextIfPresent(passphraseFile);
  if (text === undefined) throw new UsageError(`the passphrase file ${passphraseFile} does not exist`);
  return text.split(/\r?\n/)[0] ?? "";
}
