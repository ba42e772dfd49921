/** Where a secret comes from. */
export type SecretGenerator =
  | { readonly kind: "random"; readonly bytes: number; readonly encoding: "hex" | "base64url" }
  /** A password a person types: letters, digits and symbols of every class. */
  | { readonly kind: "password"; readonly length: number }
  /** bcrypt hash of another secret; made again when that changes. `format` htpasswd puts `user:` before it. */
  | { readonly kind: "bcrypt"; readonly of: string; readonly htpasswdUser?: string }
  /** Parts `privateKey` and `certificate` (PEM, self-signed, RS256). */
  | { readonly kind: "signing-pair"; readonly bits: number; readonly commonName: string; readonly years: number }
  /** Parts `privateKey` and `publicKey` (PKCS#8 PEM; OpenSSH line). */
  | { readonly kind: "ssh-host-key"; readonly algorithm: "ed25519" | "rsa" | "ecdsa" }
  /** Parts `privateKey` and `certificate`: our own certificate authority. */
  | { readonly kind: "certificate-authority"; readonly commonName: string; readonly years: number }
  /** Parts `privateKey`, `certificate` (leaf and chain): renewed before its end and when `names` change. */
  | { readonly kind: "tls-leaf"; readonly authority: string; readonly names: readonly string[]; readonly days: number }
  /** Given by the person, at this path of the values: the value itself, or a file. */
  | { readonly kind: "given"; readonly valuesPath: string }
  | { readonly kind: "given-file"; readonly path: string };

export interface SecretSpec {
  readonly name: string;
  readonly description: string;
  readonly generator: SecretGenerator;
  /** What it takes to put another in its place; absent where whoever reads it takes any at the next start. */
  readonly rotation?: SecretRotation;
}

export type SecretRotation =
  /** A store has it among its data: a job replaces it there, for which it reads the one before, too, as part `former`. */
  | { readonly kind: "in-store" }
  /** It stays, for this reason; `instead` says what a person can do. */
  | { readonly kind: "kept"; readonly reason: string; readonly instead: string };
