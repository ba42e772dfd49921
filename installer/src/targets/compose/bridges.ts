import type { FileSystem, NetworkState } from "../../platform/ports.ts";
import { parseLocalIpv4 } from "../host/addresses.ts";

/** Interfaces and IPv4 addresses of this host; empty where they cannot be seen. */
export interface HostLinks {
  readonly interfaces: readonly string[];
  readonly addresses: readonly string[];
}

export async function readHostLinks(fs: Pick<FileSystem, "list" | "readTextIfPresent">): Promise<HostLinks> {
  const [interfaces, trie] = await Promise.all([
    fs.list("/sys/class/net").catch((): readonly string[] => []),
    fs.readTextIfPresent("/proc/net/fib_trie").catch(() => undefined),
  ]);
  return { interfaces, addresses: parseLocalIpv4(trie ?? "") };
}

/** What is wrong with a network's bridge, which the engine lists all the same: a second engine, or a hand, took it away. */
export function bridgeFault({ bridge }: NetworkState, { interfaces, addresses }: HostLinks): string | undefined {
  if (bridge === undefined) return undefined;
  const { device, address } = bridge;
  if (!interfaces.includes(device)) return `its bridge ${device} is gone from this host`;
  if (address === undefined || addresses.length === 0 || addresses.includes(address)) return undefined;
  return `its bridge ${device} no longer has the address ${address}`;
}

/** Every engine calls its default bridge the same; where one is seen that bears a network's id, this engine's are seen here. */
export function showsBridges(networks: readonly NetworkState[], { interfaces }: HostLinks): boolean {
  return networks.some(({ id, bridge }) => {
    return bridge?.device.endsWith(id.slice(0, 12)) === true && interfaces.includes(bridge.device);
  });
}
