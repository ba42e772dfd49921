import { readFile } from "node:fs/promises";
import { BlockList, isIPv4 } from "node:net";
import { join } from "node:path";
import { mustRun, runChild, startChild } from "./child.ts";
import type { PrivateEngine } from "./private-engine.ts";

/** What containers of a private engine try to reach outside of its networks, and which names they ask for there. */
export interface EgressWatch {
  /** Every attempt so far, each once, in the order of the first; empty when nobody tried. */
  attempts(): Promise<readonly string[]>;
  /** Containers that are there and were connected to: none of them would mean that nobody watched. */
  reached(): Promise<ReadonlySet<string>>;
}

/** Nobody is there (RFC 5737), and no route leads there: a question to it is a packet that everybody can see, and no answer. */
const nameServer = "192.0.2.53";

/** Lines for `startPrivateEngine`: the engine passes questions for names that it does not know on to a server that the watch knows. */
export const watchPreparation = `printf 'nameserver ${nameServer}\\n' > resolv.conf
mount --bind resolv.conf /etc/resolv.conf`;

/** Why this machine cannot watch, or undefined when it can. */
export async function egressWatchObstacle(): Promise<string | undefined> {
  const found = await runChild("sh", ["-c", "command -v tcpdump"]);
  return found.exitCode === 0 ? undefined : "watching what containers try to reach needs tcpdump";
}

/** Beginnings of connections, and everything that has none. */
const beginnings = "(tcp[tcpflags] & (tcp-syn|tcp-ack) == tcp-syn) or udp or icmp or ip6";

/**
 * Begins to watch a private engine whose namespaces were prepared for it. It ends with the engine. A container that is in no network but
 * the internal one has no route, so what it tries is refused before there is a packet; of its questions the engine's log tells.
 */
export async function watchEgress(engine: PrivateEngine): Promise<EgressWatch> {
  const [enter = "", ...enterArguments] = engine.inside;
  const child = startChild(enter, [...enterArguments, "tcpdump", "-n", "-l", "-B", "16384", "-i", "any", beginnings]);
  let text = "";
  child.process.stdout?.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = child.ended.then(({ stderr }) => Promise.reject(new Error(`tcpdump ended: ${stderr}`)));
  ended.catch(() => undefined);
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 50))]);
  };
  await until(() => child.stderr().includes("listening on"));
  let marks = 0;

  /** All that was sent before this is asked: it waits for a packet of its own. */
  async function packets(): Promise<readonly Packet[]> {
    const port = 40_000 + (marks += 1);
    await mustRun(enter, [...enterArguments, "bash", "-c", `echo > /dev/udp/127.0.0.1/${port}`]);
    await until(() => text.includes(`127.0.0.1.${port}: UDP`));
    return text.split("\n").flatMap((line) => parsePacket(line) ?? []);
  }

  return {
    attempts: async () => {
      const [seen, networks, log] = await Promise.all([
        packets(),
        readNetworks(engine),
        readFile(join(engine.folder, "log"), "utf8"),
      ]);
      const out = seen.filter(({ to }) => isOutside(to, networks)).map((packet) => describe(packet, networks));
      const asked = log.includes("[resolver] connect failed")
        ? ["somebody in the internal network asks for a name"]
        : [];
      return [...new Set([...out, ...asked])];
    },
    reached: async () => {
      const [seen, { names }] = await Promise.all([packets(), readNetworks(engine)]);
      return new Set(seen.flatMap(({ to }) => names.get(to) ?? []));
    },
  };
}

interface Packet {
  readonly from: string;
  readonly to: string;
  readonly port: string;
  /** What tcpdump says of it. */
  readonly what: string;
}

/** `… IP 172.18.0.2.46701 > 192.0.2.53.53: 10427+ A? example.com. (29)`; of ICMP there are no ports. */
function parsePacket(line: string): Packet | undefined {
  const [, from, to, what] = /\bIP6? (\S+) > (\S+): (.*)$/.exec(line) ?? [];
  if (from === undefined || to === undefined || what === undefined) return undefined;
  const [source, target] = [splitPort(from), splitPort(to)];
  return { from: source.address, to: target.address, port: target.port, what };
}

function splitPort(text: string): { readonly address: string; readonly port: string } {
  const [, address = text, port = ""] = /^(\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:]*)\.(\d+)$/.exec(text) ?? [];
  return { address, port };
}

interface Networks {
  readonly inside: BlockList;
  /** Containers that are there, by address. */
  readonly names: ReadonlyMap<string, string>;
}

async function readNetworks(engine: PrivateEngine): Promise<Networks> {
  const options = { env: { ...process.env, ...engine.environment } };
  const ids = (await mustRun("docker", ["network", "ls", "--quiet", "--filter", "driver=bridge"], options)).trim();
  const networks = JSON.parse(
    await mustRun("docker", ["network", "inspect", ...ids.split("\n")], options),
  ) as readonly {
    readonly IPAM: { readonly Config: readonly { readonly Subnet: string }[] };
    readonly Containers: Readonly<Record<string, { readonly Name: string; readonly IPv4Address: string }>>;
  }[];
  const inside = new BlockList();
  inside.addSubnet("127.0.0.0", 8);
  // To everybody on the same wire: multicast, broadcast, and addresses that a machine gives itself.
  inside.addSubnet("224.0.0.0", 4);
  inside.addAddress("255.255.255.255");
  inside.addSubnet("ff00::", 8, "ipv6");
  inside.addSubnet("fe80::", 10, "ipv6");
  inside.addAddress("::1", "ipv6");
  for (const { Subnet } of networks.flatMap(({ IPAM }) => IPAM.Config)) {
    const [address = "", prefix] = Subnet.split("/");
    inside.addSubnet(address, Number(prefix), isIPv4(address) ? "ipv4" : "ipv6");
  }
  const containers = networks.flatMap(({ Containers }) => Object.values(Containers));
  return { inside, names: new Map(containers.map((row) => [row.IPv4Address.split("/")[0] ?? "", row.Name])) };
}

function isOutside(address: string, { inside }: Networks): boolean {
  return !inside.check(address, isIPv4(address) ? "ipv4" : "ipv6");
}

function describe({ from, to, port, what }: Packet, { names }: Networks): string {
  const who = names.get(from) ?? from;
  const name = / \w+\? (\S+)\. /.exec(what)?.[1];
  if (to === nameServer && name !== undefined) return `${who} asks for ${name}`;
  return `${who} sends to ${to}${port === "" ? "" : `:${port}`}`;
}
