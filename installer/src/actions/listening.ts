import { UsageError } from "../errors/installer-error.ts";
import type { FileSystem } from "../platform/ports.ts";

/** Where a server of ours answers until Ctrl-C. */
export interface Listening {
  /** An address or a name of this machine. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** Paths of certificate chain and key, PEM. */
  readonly tls?: { readonly certFile: string; readonly keyFile: string };
}

/**
 * Certificate chain and key, PEM; undefined where nothing is encrypted.
 * @throws UsageError when one of the files is not there
 */
export async function readTls(
  { tls }: Pick<Listening, "tls">,
  fs: Pick<FileSystem, "readTextIfPresent">,
): Promise<{ readonly cert: string; readonly key: string } | undefined> {
  if (tls === undefined) return undefined;
  const read = async (path: string): Promise<string> => {
    const text = await fs.readTextIfPresent(path);
    if (text === undefined) throw new UsageError(`there is no file ${path}`, { hint: "check the path" });
    return text;
  };
  return { cert: await read(tls.certFile), key: await read(tls.keyFile) };
}

/** Until Ctrl-C. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
