import { readFile } from "node:fs/promises";

export interface Trust {
  readonly ca: Buffer;
  readonly allowPartialTrustChain: true;
}

/** Options of a TLS connection that trusts this file: a root, or an issuing authority or the server's own certificate alone, as Go does. */
export async function trustIn(caFile: string): Promise<Trust> {
  return { ca: await readFile(caFile), allowPartialTrustChain: true };
}
