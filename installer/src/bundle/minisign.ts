import { createHash, createPublicKey, verify as verifyEd25519 } from "node:crypto";
import { BundleError } from "../errors/installer-error.ts";

/**
 * Public keys and signatures as minisign 0.11 writes them: https://jedisct1.github.io/minisign/#signature-format.
 * Only prehashed signatures (`ED`) are taken. Secret keys are in `minisign-secret.ts`.
 */
export interface PublicKey {
  /** As minisign prints it: 16 hexadecimal digits. */
  readonly keyId: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

export interface Signature {
  readonly keyId: string;
  /** 64 bytes, over the BLAKE2b-512 digest of the message. */
  readonly signature: Buffer;
  readonly trustedComment: string;
  /** 64 bytes, over signature and trusted comment. */
  readonly globalSignature: Buffer;
}

/** A larger file is neither a key nor a signature. */
export const minisignFileLimit = 16 * 1024;

/**
 * Reads a `.pub` file, or the key alone as it stands in its second line.
 * @param name what is read, for the error
 * @throws BundleError when it is not a public key
 */
export function parsePublicKey(text: string, name = "the public key"): PublicKey {
  const refuse = (why: string): never => {
    throw new BundleError(`${name} is not a minisign public key: ${why}`, {
      hint: "a public key is the NAME.pub file that slipway bundle keygen or minisign -G wrote",
    });
  };
  if (text.length > minisignFileLimit) refuse("it is too long");
  const lines = linesOf(text);
  const line = lines.length === 1 ? lines[0] : lines[1];
  if (lines.length > 2 || (lines.length === 2 && lines[0]?.startsWith("untrusted comment:") !== true)) {
    refuse("it is not a comment and one line");
  }
  const bytes = decode(line ?? "");
  if (bytes?.length !== 42) return refuse("the key is not 42 bytes in base64");
  if (bytes.toString("latin1", 0, 2) !== "Ed") refuse("it is not an Ed25519 key");
  return { keyId: formatKeyId(bytes.subarray(2, 10)), key: bytes.subarray(10) };
}

/** A `.pub` file. */
export function formatPublicKey(keyId: Buffer, key: Buffer): string {
  const line = Buffer.concat([Buffer.from("Ed"), keyId, key]).toString("base64");
  return `untrusted comment: minisign public key ${formatKeyId(keyId)}\n${line}\n`;
}

/**
 * Reads a `.minisig` file.
 * @param name what is read, for the error
 * @throws BundleError when it is not a prehashed signature
 */
export function parseSignature(text: string, name = "the signature"): Signature {
  const refuse = (why: string): never => {
    throw new BundleError(`${name} is not a minisign signature: ${why}`);
  };
  if (text.length > minisignFileLimit) refuse("it is too long");
  const [comment = "", line = "", trusted = "", global = "", ...rest] = linesOf(text);
  if (!comment.startsWith("untrusted comment:")) refuse("it does not begin with a comment");
  if (!trusted.startsWith("trusted comment: ") || rest.length > 0) refuse("it is not four lines");
  const bytes = decode(line);
  const globalSignature = decode(global);
  if (bytes?.length !== 74 || globalSignature?.length !== 64) return refuse("its lines do not have the right lengths");
  const problem = algorithmProblem(bytes.toString("latin1", 0, 2));
  if (problem !== undefined) refuse(problem);
  return {
    keyId: formatKeyId(bytes.subarray(2, 10)),
    signature: bytes.subarray(10),
    trustedComment: trusted.slice("trusted comment: ".length),
    globalSignature,
  };
}

function algorithmProblem(algorithm: string): string | undefined {
  if (algorithm === "ED") return undefined;
  if (algorithm === "Ed") return "it is of the old kind, not prehashed; sign again with minisign 0.11 or later";
  return "the algorithm is not known";
}

/**
 * Checks a signature against the keys that are trusted.
 * @param name what is signed, for the error
 * @returns key and comment that the signature vouches for
 * @throws BundleError when none of the keys made it, or the message or the comment is not what was signed
 */
export function verifySignature(
  message: Uint8Array,
  signature: Signature,
  keys: readonly PublicKey[],
  name: string,
): { readonly keyId: string; readonly comment: string } {
  const key = keys.find(({ keyId }) => keyId === signature.keyId);
  if (key === undefined) {
    const trusted = keys.map(({ keyId }) => keyId).join(", ");
    throw new BundleError(
      `${name} is signed by the key ${signature.keyId}, which is not trusted (trusted: ${trusted})`,
      {
        hint: "if this key is the one its maker told you, name its file with --key; otherwise do not use the bundle",
      },
    );
  }
  const object = toPublicKeyObject(key.key);
  if (!verifyEd25519(null, prehash(message), object, signature.signature)) {
    throw new BundleError(`${name} is not what the key ${key.keyId} signed: it was changed, or the signature was`, {
      hint: "get the bundle again from where it came; do not use this one",
    });
  }
  if (
    !verifyEd25519(
      null,
      globalMessage(signature.signature, signature.trustedComment),
      object,
      signature.globalSignature,
    )
  ) {
    throw new BundleError(`the trusted comment in the signature of ${name} is not what the key ${key.keyId} signed`, {
      hint: "get the bundle again from where it came; do not use this one",
    });
  }
  return { keyId: key.keyId, comment: signature.trustedComment };
}

/** What a prehashed signature is over. */
export function prehash(message: Uint8Array): Buffer {
  return createHash("blake2b512").update(message).digest();
}

/** What the global signature is over. */
export function globalMessage(signature: Uint8Array, trustedComment: string): Buffer {
  return Buffer.concat([signature, Buffer.from(trustedComment, "utf8")]);
}

/** As minisign prints it. */
export function formatKeyId(keyId: Uint8Array): string {
  return Buffer.from(keyId).reverse().toString("hex").toUpperCase();
}

/** Lines without their ends; the last may have none. */
export function linesOf(text: string): readonly string[] {
  return text.replace(/\r?\n$/, "").split(/\r?\n/);
}

/** Undefined when the text is not base64 in its one canonical form. */
export function decode(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, "base64");
  return bytes.toString("base64") === text ? bytes : undefined;
}

const publicKeyPrefix = Buffer.from("302a300506032b6570032100", "hex");

/** RFC 8410, section 4. */
function toPublicKeyObject(key: Buffer) {
  return createPublicKey({ key: Buffer.concat([publicKeyPrefix, key]), format: "der", type: "spki" });
}
