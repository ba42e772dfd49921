import type { Plan } from "../../../plan/model.ts";
import { type NetworkName, networkNames, networksOf } from "../../../render/compose/networks.ts";
import {
  contains,
  type Ipv4Range,
  type Ipv4Route,
  overlaps,
  parseIpv4Range,
  parseOnLinkRoutes,
  splitIpv4Range,
} from "../../host/ipv4-ranges.ts";
import { composeRecord } from "../compose-record.ts";
import type { NetworkState } from "../../../platform/ports.ts";
import { bridgeFault, type HostLinks, readHostLinks, showsBridges } from "../bridges.ts";
import type { CheckFinding } from "../../check.ts";
import { type ComposeCheck, type ComposeCheckContext, engineInfo } from "./compose-check.ts";

/** What an engine without `default-address-pools` takes networks from: libnetwork, `ipamutils`. */
const builtInPools = [
  ...["172.17.0.0/16", "172.18.0.0/16", "172.19.0.0/16", "172.20.0.0/14", "172.24.0.0/14", "172.28.0.0/14"].map(
    (base) => ({ base, size: 16 }),
  ),
  { base: "192.168.0.0/16", size: 20 },
];

/** The engine finds out only when it makes the last network, after others were made. */
export const addressPools: ComposeCheck = {
  id: "networks.free-addresses",
  title: "the engine has address ranges for the platform's networks",
  why: "each network takes one of a few ranges, and none that another network or a route of the host uses",
  severity: "failure",
  run: async (context) => {
    const info = engineInfo(context);
    if (info === undefined) return [];
    const { docker, name, fs } = context;
    const [networks, links] = await Promise.all([docker.networks(), readHostLinks(fs)]);
    const present = new Set(networks.map((network) => network.name));
    const needed = zonesOf(context.plan).filter((zone) => !present.has(`${name}_${zone}`));
    const used = networks.flatMap(({ subnets }) => subnets).flatMap((subnet) => parseIpv4Range(subnet) ?? []);
    const unused = candidates(info.addressPools ?? builtInPools).filter(
      (range) => !used.some((other) => overlaps(range, other)),
    );
    if (unused.length < needed.length) return [exhausted(unused.length, needed.length)];
    const inUse = (await isHere(context, networks, links)) ? await addressesInUse(fs) : [];
    // Those of networks that are there say nothing new; a wider one may cover what is free.
    const routes = inUse.filter(({ range }) => !used.some((subnet) => contains(subnet, range)));
    const free = unused.filter((range) => !routes.some((route) => overlaps(range, route.range)));
    if (free.length >= needed.length) return [];
    const blocking = routes.filter((route) => unused.some((range) => overlaps(range, route.range)));
    return [covered(free.length, needed.length, [...new Set(blocking.map(({ device }) => device))])];
  },
};

/** What the engine keeps off since version 23: networks that the host is in, and name servers (`InferReservedNetworks`). */
async function addressesInUse(fs: ComposeCheckContext["fs"]): Promise<readonly Ipv4Route[]> {
  const paths = ["/proc/net/route", "/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
  const [table = "", named = "", behind = ""] = await Promise.all(
    paths.map((path) => fs.readTextIfPresent(path).catch(() => undefined)),
  );
  // The resolver of systemd listens on this address, and knows the real ones.
  const resolvers = /^\s*nameserver\s+127\.0\.0\.53\b/m.test(named) ? behind : named;
  const servers = [...resolvers.matchAll(/^\s*nameserver\s+(\S+)/gm)].flatMap(([, address = ""]) => {
    const range = parseIpv4Range(`${address}/32`);
    return range === undefined ? [] : [{ device: `name server ${address}`, range }];
  });
  return [...parseOnLinkRoutes(table), ...servers];
}

const remedyRanges = "give the engine other ranges: default-address-pools in /etc/docker/daemon.json";

function exhausted(free: number, needed: number): CheckFinding {
  return {
    message: `the engine has address ranges for ${free} more networks, and the platform needs ${needed}`,
    remedy: `remove networks that nothing uses (docker network prune), or ${remedyRanges}`,
  };
}

function covered(free: number, needed: number, devices: readonly string[]): CheckFinding {
  return {
    message: `networks that this host is in (${devices.join(", ")}) cover the ranges that the engine takes networks from: ${free} are free, and the platform needs ${needed}`,
    remedy: `${remedyRanges}; a VPN that takes all traffic may cover every range while it is up`,
  };
}

function candidates(pools: readonly { readonly base: string; readonly size: number }[]): readonly Ipv4Range[] {
  return pools.flatMap(({ base, size }) => {
    const range = parseIpv4Range(base);
    return range === undefined ? [] : splitIpv4Range(range, size);
  });
}

/** Networks that something of the plan joins. */
function zonesOf(plan: Plan): readonly NetworkName[] {
  const joined = new Set([
    ...plan.components.flatMap(({ workload, zone, reaches }) =>
      workload === undefined ? [] : networksOf(plan, zone, reaches),
    ),
    ...plan.jobs.flatMap((job) => networksOf(plan, undefined, job.reaches)),
  ]);
  return networkNames(plan).filter((zone) => joined.has(zone));
}

/** Another engine answers than the one that the platform was installed on. */
export const sameEngine: ComposeCheck = {
  id: "live.engine",
  title: "the engine is the one that the platform was installed on",
  why: "a variable, a context or another data directory leads to an engine that has nothing of it, and an install there begins anew",
  severity: "failure",
  run: (context) => {
    const { live, install, plan } = context;
    const info = engineInfo(context);
    if (info === undefined || live === undefined || install === undefined) return [];
    const recorded = Object.keys(composeRecord(install.applied).containers).length;
    const hasStores = plan.components.some(({ volumes }) => volumes.length > 0);
    if (recorded === 0 || !hasStores || live.services.size > 0 || live.stores.size > 0) return [];
    return [
      {
        message: `this engine (${info.os}, data in ${info.dataRoot}) has no container and no volume of the platform, though some were made`,
        remedy:
          "look at DOCKER_HOST, docker context show and the engine's data-root: another engine may answer than before",
      },
    ];
  },
};

/** A network that the engine lists and whose bridge was taken away, by a second engine or by hand, leads nowhere. */
export const bridges: ComposeCheck = {
  id: "networks.bridges",
  title: "the networks of the engine have their bridges",
  why: "containers on a network without its bridge reach nobody, though the engine shows it, and nothing can be built",
  severity: "failure",
  run: async (context) => {
    if (engineInfo(context) === undefined) return [];
    const [networks, links] = await Promise.all([context.docker.networks(), readHostLinks(context.fs)]);
    if (links.interfaces.length === 0 || !(await isHere(context, networks, links))) return [];
    const needed = new Set(networkNames(context.plan).map((zone) => `${context.name}_${zone}`));
    return networks.flatMap((network) => {
      const fault = bridgeFault(network, links);
      const isDefault = network.name === defaultNetwork;
      if (fault === undefined || (!isDefault && !needed.has(network.name))) return [];
      return [
        {
          // It is what images are built on, and no container of ours.
          ...(isDefault && { severity: "warning" as const }),
          message: `the network ${network.name} leads nowhere: ${fault}`,
          remedy:
            "restart the engine, which makes it again; two engines on one host need networks and bridges of their own",
        },
      ];
    });
  },
};

const defaultNetwork = "bridge";
const usualSockets: readonly (string | undefined)[] = ["/var/run/docker.sock", "/run/docker.sock"];

/**
 * Whether the engine's interfaces, routes and name servers are those seen here: not with an engine elsewhere, one in a network of its
 * own, or from inside a container.
 */
export async function isHere(
  context: ComposeCheckContext,
  networks: readonly NetworkState[],
  links: HostLinks,
): Promise<boolean> {
  if (showsBridges(networks, links)) return true;
  if (!usualSockets.includes(engineInfo(context)?.socket)) return false;
  const marks = await Promise.all(["/.dockerenv", "/run/.containerenv"].map((path) => context.fs.exists(path)));
  return !marks.includes(true);
}
