import type { Plan, Zone } from "../../../plan/model.ts";
import { networkNames, networksOf } from "../../../render/compose/networks.ts";
import {
  contains,
  type Ipv4Range,
  overlaps,
  parseIpv4Range,
  parseIpv4Routes,
  splitIpv4Range,
} from "../../host/ipv4-ranges.ts";
import { composeRecord } from "../compose-record.ts";
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
    const [present, taken, table] = await Promise.all([
      docker.networks(name),
      docker.networkSubnets(),
      fs.readTextIfPresent("/proc/net/route").catch(() => undefined),
    ]);
    const needed = zonesOf(context.plan).filter(
      (zone) => !present.some((network) => network.name === `${name}_${zone}`),
    );
    const used = taken.flatMap((subnet) => parseIpv4Range(subnet) ?? []);
    const unused = candidates(info.addressPools ?? builtInPools).filter(
      (range) => !used.some((other) => overlaps(range, other)),
    );
    if (unused.length < needed.length) return [exhausted(unused.length, needed.length)];
    // Those of networks that are there say nothing new; a wider one may cover what is free.
    const routes = parseIpv4Routes(table ?? "").filter(({ range }) => !used.some((subnet) => contains(subnet, range)));
    const free = unused.filter((range) => !routes.some((route) => overlaps(range, route.range)));
    if (free.length >= needed.length) return [];
    const blocking = routes.filter((route) => unused.some((range) => overlaps(range, route.range)));
    return [covered(free.length, needed.length, [...new Set(blocking.map(({ device }) => device))])];
  },
};

const remedyRanges = "give the engine other ranges: default-address-pools in /etc/docker/daemon.json";

function exhausted(free: number, needed: number): CheckFinding {
  return {
    message: `the engine has address ranges for ${free} more networks, and the platform needs ${needed}`,
    remedy: `remove networks that nothing uses (docker network prune), or ${remedyRanges}`,
  };
}

function covered(free: number, needed: number, devices: readonly string[]): CheckFinding {
  return {
    message: `routes of this host (${devices.join(", ")}) cover the ranges that the engine takes networks from: ${free} are free, and the platform needs ${needed}`,
    remedy: `${remedyRanges}; a VPN that takes all traffic covers every range while it is up`,
  };
}

function candidates(pools: readonly { readonly base: string; readonly size: number }[]): readonly Ipv4Range[] {
  return pools.flatMap(({ base, size }) => {
    const range = parseIpv4Range(base);
    return range === undefined ? [] : splitIpv4Range(range, size);
  });
}

/** Networks that something of the plan joins. */
function zonesOf(plan: Plan): readonly Zone[] {
  const joined = new Set([
    ...plan.components.flatMap(({ workload, zone, reaches }) =>
      workload === undefined ? [] : networksOf(plan, zone, reaches),
    ),
    ...plan.jobs.flatMap((job) => networksOf(plan, undefined, job.reaches)),
  ]);
  return networkNames.filter((zone) => joined.has(zone));
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
  id: "live.bridges",
  title: "the networks of the platform have their bridges",
  why: "containers on a network without its bridge reach nobody, though the engine shows it",
  severity: "warning",
  run: async (context) => {
    const interfaces = await context.fs.list("/sys/class/net").catch((): readonly string[] => []);
    if (!context.engine.reachable || context.live === undefined || !seesEngine(context, interfaces)) return [];
    const networks = await context.docker.networks(context.name);
    return networks.flatMap(({ id, name }) => {
      const bridge = `br-${id.slice(0, 12)}`;
      if (interfaces.includes(bridge)) return [];
      return [
        {
          message: `the network ${name} has no bridge on this host (${bridge})`,
          remedy:
            "restart the engine, which makes it again; two engines on one host need networks and bridges of their own",
        },
      ];
    });
  },
};

/** From inside a container, or with an engine elsewhere, none of its bridges is ever seen. */
function seesEngine({ engine }: ComposeCheckContext, interfaces: readonly string[]): boolean {
  return engine.reachable && interfaces.some((name) => name === "docker0" || name.startsWith("br-"));
}
