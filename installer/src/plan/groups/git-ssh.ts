import type { PlanContext } from "../define.ts";
import type { Slotted } from "../model.ts";
import { endpoint, secret } from "../text.ts";

/** Kinds of host keys that Git over SSH has. */
export const hostKeyAlgorithms = ["ed25519", "rsa", "ecdsa"] as const;

/** Where Git over SSH answers inside the platform and by which keys it is known; undefined where it is left out. */
export function gitSsh({ values }: PlanContext): Readonly<Record<string, Slotted>> | undefined {
  if (values.gitlabShell.mode === "off") return undefined;
  return {
    host: endpoint("gitlab-shell.ssh", "host"),
    port: endpoint("gitlab-shell.ssh", "port"),
    hostKeys: hostKeyAlgorithms.map((algorithm) => secret(`ssh-host-${algorithm}`, { part: "publicKey" })),
  };
}
