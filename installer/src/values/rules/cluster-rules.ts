import { resolveAddressing } from "../addressing.ts";
import { isIpv4, isIpv6 } from "../host-names.ts";
import { quantityBytes } from "../quantity.ts";
import type { Finding } from "../schema-issues.ts";
import type { Section } from "../section.ts";
import type { Values } from "../values.generated.ts";
import { addressingReads } from "./network-rules.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** Rules about the cluster that an install on Kubernetes runs on. */
export function clusterRules(sections: readonly Section[]): readonly Rule[] {
  return [
    { reads: ["cluster.exposure"], check: checkExposure },
    {
      reads: [...addressingReads(sections), "cluster.exposure", "cluster.gatewayClass"],
      check: (values) => checkNodePorts(values, sections),
    },
    { reads: ["cluster.gatewayClass"], check: checkGatewayClass },
    { reads: ["cluster.apiServer"], check: checkApiServer },
    { reads: ["cluster.ephemeralStorage"], check: checkEphemeralStorage },
  ];
}

function checkExposure({ cluster }: Values): readonly Finding[] {
  const { kind, addresses, class: loadBalancerClass } = cluster.exposure;
  const kindPath = "cluster.exposure.kind";
  const wrongAddresses = addresses.flatMap((address, index) =>
    isIpv4(address) || isIpv6(address)
      ? []
      : [
          wrongValue(
            `cluster.exposure.addresses.${index}`,
            address,
            "is not an IP address",
            "allowed is an IP address",
          ),
        ],
  );
  const unused = (key: string): Finding => ({
    path: ["cluster", "exposure", key],
    message: `is given, but cluster.exposure.kind is ${kind} and would not use it; remove the line or change the kind`,
    causes: [kindPath],
  });
  return [
    ...wrongAddresses,
    ...(kind === "externalIPs" && addresses.length === 0
      ? [
          {
            path: ["cluster", "exposure", "addresses"],
            message: "is empty, but cluster.exposure.kind is externalIPs; name addresses that lead to nodes",
            causes: [kindPath],
          },
        ]
      : []),
    ...(kind !== "externalIPs" && addresses.length > 0 ? [unused("addresses")] : []),
    ...(kind !== "loadBalancer" && loadBalancerClass !== "" ? [unused("class")] : []),
  ];
}

/** Kubernetes opens no other ports on nodes, unless its API server is told so. */
const nodePorts = { first: 30_000, last: 32_767 };

function checkNodePorts(values: Values, sections: readonly Section[]): readonly Finding[] {
  const { exposure, gatewayClass } = values.cluster;
  if (exposure.kind !== "nodePort") return [];
  const past = new Set(sections.flatMap(({ ownPort }) => ownPort ?? []));
  return resolveAddressing(values, sections)
    .published.filter(({ name }) => gatewayClass.name === "" || past.has(name))
    .filter(({ port }) => port < nodePorts.first || port > nodePorts.last)
    .map(({ name, port }) => {
      const wrong = "is no port that a cluster opens on its nodes, which cluster.exposure.kind nodePort asks for";
      const allowed = `allowed is a port from ${nodePorts.first} to ${nodePorts.last}`;
      return becauseOf(wrongValue(`ports.${name}`, port, wrong, allowed), "cluster.exposure.kind");
    });
}

function checkGatewayClass({ cluster }: Values): readonly Finding[] {
  const { name, namespace, addresses } = cluster.gatewayClass;
  const path = (key: string): readonly string[] => ["cluster", "gatewayClass", key];
  if (name === "")
    return [...(namespace === "" ? [] : ["namespace"]), ...(addresses.length === 0 ? [] : ["addresses"])].map(
      (key) => ({
        path: path(key),
        message: "is given, but cluster.gatewayClass.name is empty and nothing would use it; name the class too",
        causes: ["cluster.gatewayClass.name"],
      }),
    );
  const wrong = checkRanges("cluster.gatewayClass.addresses", addresses);
  if (addresses.length > 0) return wrong;
  return [
    {
      path: path("addresses"),
      message:
        "is empty, and without the addresses of the gateway's proxies every caller would seem to be one of them; name the range of their pods",
      causes: ["cluster.gatewayClass.name"],
    },
  ];
}

function checkApiServer({ cluster }: Values): readonly Finding[] {
  const { addresses, ports } = cluster.apiServer;
  const none: readonly Finding[] =
    ports.length > 0
      ? []
      : [
          {
            path: ["cluster", "apiServer", "ports"],
            message: "is empty; name the ports of the API server, such as 443",
          },
        ];
  return [...checkRanges("cluster.apiServer.addresses", addresses), ...none];
}

function checkRanges(path: string, ranges: readonly string[]): readonly Finding[] {
  return ranges.flatMap((range, index) =>
    isRange(range)
      ? []
      : [
          wrongValue(
            `${path}.${index}`,
            range,
            "is not an IP address or range",
            "allowed is an IP address or a range such as 10.0.0.0/8",
          ),
        ],
  );
}

function isRange(text: string): boolean {
  const [address = "", length] = text.split("/");
  if (!isIpv4(address) && !isIpv6(address)) return false;
  return length === undefined || Number(length) <= (isIpv4(address) ? 32 : 128);
}

function checkEphemeralStorage({ cluster }: Values): readonly Finding[] {
  const { request, limit } = cluster.ephemeralStorage;
  if (quantityBytes(request) <= quantityBytes(limit)) return [];
  const path = "cluster.ephemeralStorage.request";
  const finding = wrongValue(path, request, "is more than the limit", `allowed is at most ${limit}`);
  return [becauseOf(finding, "cluster.ephemeralStorage.limit")];
}
