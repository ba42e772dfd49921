import { type Ipv4Range, contains, parseIpv4Range } from "../../host/ipv4-ranges.ts";
import { askSystemd } from "../../host/systemd.ts";
import { isLoopback } from "../../../platform/loopback.ts";
import { readProxies } from "../../../platform/proxies.ts";
import { readHostLinks } from "../bridges.ts";
import { type ComposeCheck, type ComposeCheckContext, engineInfo } from "./compose-check.ts";
import { isHere } from "./networks.ts";

const exposed: ComposeCheck = {
  id: "engine.exposed",
  title: "the engine takes orders only from those who may give them",
  why: "who reaches its API is root on the host, without a password",
  severity: "warning",
  run: (context) =>
    (engineInfo(context)?.warnings ?? []).flatMap((warning) => {
      const [, address, missing] = /API is accessible on (\S+) without ([^.]+)/.exec(warning) ?? [];
      if (address === undefined || missing === undefined) return [];
      return [
        {
          message: `the engine takes orders at ${address} without ${missing}`,
          remedy: "take that address out of hosts in /etc/docker/daemon.json, or set tlsverify; ssh:// needs neither",
        },
      ];
    }),
};

const forwarding: ComposeCheck = {
  id: "engine.forwarding",
  title: "the host passes packets on to containers",
  why: "without it nobody outside reaches a container, and no container reaches anything outside",
  severity: "warning",
  run: async (context) => {
    if (engineInfo(context) === undefined || !(await isSwitchedOff(context))) return [];
    return [
      {
        message: "net.ipv4.ip_forward is off, as a hardening of the host may leave it",
        remedy: "sysctl -w net.ipv4.ip_forward=1, and the same line in /etc/sysctl.d; then restart the engine",
      },
    ];
  },
};

/** The engine switches it on when it starts; what it tells of it may be from before that. Somebody may switch it off afterwards. */
async function isSwitchedOff(context: ComposeCheckContext): Promise<boolean> {
  const value = await context.fs.readTextIfPresent("/proc/sys/net/ipv4/ip_forward").catch(() => undefined);
  if (value?.trim() !== "0") return false;
  return isHere(context, await context.docker.networks(), await readHostLinks(context.fs));
}

const atBoot: ComposeCheck = {
  id: "engine.at-boot",
  title: "the engine starts with the host",
  why: "after the next reboot everything stays down until somebody logs in and asks for it",
  severity: "warning",
  run: async (context) => {
    if (engineInfo(context)?.socket === undefined) return [];
    // One that is not a unit of this name, as of a snap, answers otherwise.
    if ((await askSystemd(context, ["is-enabled", "docker.service"])) !== "disabled") return [];
    return [{ message: "systemd does not start Docker with the host", remedy: "systemctl enable docker.service" }];
  },
};

const directories: ComposeCheck = {
  id: "engine.directories",
  title: "the engine sees the directories of this host",
  why: "containers read their files from the state directory, and find nothing where the engine does not see it",
  severity: "warning",
  run: (context) => {
    const info = engineInfo(context);
    if (info === undefined) return [];
    const { dataDir } = context.plan.settings;
    const places = [context.stateDir, ...(dataDir === undefined ? [] : [dataDir])];
    const isSnap = info.dataRoot.startsWith("/var/snap/");
    if (!isSnap && info.os !== "Docker Desktop") return [];
    // Both see homes; a snap sees nothing there whose name begins with a dot.
    const unseen = places.filter((path) => !/^\/(home|Users)\//.test(path) || (isSnap && path.includes("/.")));
    return unseen.map((path) =>
      isSnap
        ? {
            message: `Docker was installed as a snap, which does not see ${path}`,
            remedy: "install the package of the distribution or of Docker, or choose a directory in your home",
          }
        : {
            message: `Docker Desktop runs containers in a machine of its own, which may not see ${path}`,
            remedy: "share it there, under Settings, Resources, File sharing, or choose a directory in your home",
          },
    );
  },
};

/** RFC 1918, and addresses of carriers: RFC 6598. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10"].flatMap(
  (text): readonly Ipv4Range[] => {
    const range = parseIpv4Range(text);
    return range === undefined ? [] : [range];
  },
);

function isPrivate(address: string): boolean {
  const range = parseIpv4Range(`${address}/32`);
  return range !== undefined && privateRanges.some((wide) => contains(wide, range));
}

/** `host[:port]` of the registry that images come from; undefined where each comes from its own. */
function registryOf({ values }: ComposeCheckContext): string | undefined {
  const [host = ""] = values.images.registry.split("/");
  return host === "" || isLoopback(host.replace(/:\d+$/, "")) ? undefined : host;
}

const proxy: ComposeCheck = {
  id: "engine.proxy",
  title: "the engine's proxy leaves out registries of the own network",
  why: "a proxy to the outside does not know what is inside, and every pull of an image fails",
  severity: "warning",
  run: async (context) => {
    const proxies = engineInfo(context)?.proxies;
    const registry = registryOf(context);
    if (proxies === undefined || registry === undefined) return [];
    const url = new URL(`https://${registry}`);
    const way = readProxies({ http_proxy: proxies.http, https_proxy: proxies.https, no_proxy: proxies.except })(url);
    if (way === undefined) return [];
    const addresses = await context.host.resolve(url.hostname).catch(() => []);
    if (!addresses.some(isPrivate)) return [];
    return [
      {
        message: `the engine asks ${registry}, which is in a private network, through the proxy ${way.host}`,
        remedy: `add ${url.hostname} to no-proxy in /etc/docker/daemon.json, or to NO_PROXY of its service, and restart the engine`,
      },
    ];
  },
};

const plainRegistry: ComposeCheck = {
  id: "engine.plain-registry",
  title: "images come over a connection that nobody can tamper with",
  why: "who stands in between hands the platform other programs",
  severity: "warning",
  run: (context) => {
    const registry = registryOf(context);
    if (registry === undefined || engineInfo(context)?.plainRegistries?.includes(registry) !== true) return [];
    return [
      {
        message: `the engine takes images from ${registry} also without TLS, and with any certificate`,
        remedy: `put its authority into /etc/docker/certs.d/${registry}/ca.crt, and take it out of insecure-registries in daemon.json`,
      },
    ];
  },
};

/** What stands around the engine: who reaches it, what it reaches, whether it comes back. */
export const surroundingChecks: readonly ComposeCheck[] = [
  exposed,
  forwarding,
  atBoot,
  directories,
  proxy,
  plainRegistry,
];
