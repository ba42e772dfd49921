/** Whether and with what a bundle is signed. */
export interface BundleSigning {
  readonly unsigned: boolean;
  readonly keyFile?: string;
  /** Its first line is the passphrase of the key. */
  readonly passphraseFile?: string;
  /** Asks a person for the passphrase of a key that has one; absent where nobody can answer. */
  readonly askPassphrase?: ((message: string) => Promise<string>) | undefined;
}
