import { isIPv6 } from "node:net";
import { resolve } from "node:path";
import type { Listening } from "../../actions/listening.ts";
import { UsageError } from "../../errors/installer-error.ts";

export type Listen = Pick<Listening, "host" | "port">;

/** What is given of TLS on the command line. */
export interface TlsOptions {
  readonly tlsCert?: string;
  readonly tlsKey?: string;
}

/**
 * The files to serve by TLS with; undefined without.
 * @throws UsageError when one is given without the other
 */
export function toTls({ tlsCert, tlsKey }: TlsOptions, cwd: string): Listening["tls"] | undefined {
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError("--tls-cert and --tls-key belong together", { hint: "give both" });
  }
  return { certFile: resolve(cwd, tlsCert), keyFile: resolve(cwd, tlsKey) };
}

/**
 * `127.0.0.1:5000`, `[::1]:0`.
 * @throws UsageError when it is neither
 */
export function parseListen(text: string): Listen {
  const found = /^(?:\[([0-9a-fA-F:]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = found?.[1] ?? found?.[2];
  const port = Number(found?.[3]);
  if (host === undefined || port > 65535 || (found?.[1] !== undefined && !isIPv6(host))) {
    throw new UsageError(`${text} is not an address to listen on`, {
      hint: "write it as 127.0.0.1:5000, with port 0 for a free one",
    });
  }
  return { host, port };
}

/** Whether only programs of this machine reach it. */
export function isLoopback({ host }: Listen): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}
