/** Whether and with what a bundle is signed. */
export interface BundleSigning {
  readonly unsigned: boolean;
  readonly keyFile?: string;
  /** Its first line is the passphrase of the key; without it the key must have none. */
  readonly passphraseFile?: string;
}
