import { addressingKind, resolveAddressing } from "../addressing.ts";
import { findHostNameFault, isIpv4, isIpv6, isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { PortName, Section } from "../section.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** Rules about names, addresses, ports and TLS. */
export function networkRules(sections: readonly Section[]): readonly Rule[] {
  return [
    { reads: ["domain"], check: (values) => checkDomain(values, longestPrefix(sections)) },
    { reads: ["appsDomain", "domain"], check: (values) => checkAppsDomain(values, sections) },
    { reads: ["bindAddress", "domain"], check: checkBindAddress },
    { reads: addressingReads(sections), check: (values) => checkPortsDiffer(values, sections) },
    { reads: ["tls"], check: checkTlsFiles },
  ];
}

/** What decides under which names and ports the platform is reached. */
export function addressingReads(sections: readonly Section[]): readonly string[] {
  const published = sections.filter(({ listener, ownPort }) => listener !== undefined || ownPort !== undefined);
  return ["domain", "ports", "tls.mode", "bindAddress", ...published.map(({ key }) => `${key}.mode`)];
}

function longestPrefix(sections: readonly Section[]): number {
  return Math.max(0, ...sections.map(({ listener }) => (listener === undefined ? 0 : listener.prefix.length + 1)));
}

function checkDomain({ domain }: Values, prefixLength: number): readonly Finding[] {
  const fault = findDomainFault(domain, prefixLength);
  if (fault === undefined) return [];
  return [
    wrongValue("domain", domain, fault, "allowed is a host name such as ai.corp.example, an IPv4 address or localhost"),
  ];
}

function findDomainFault(domain: string, prefixLength: number): string | undefined {
  if (isIpv4(domain)) {
    const first = Number(domain.split(".")[0]);
    if (first === 0 || first >= 224) return "is not an address that a host can have";
    return undefined;
  }
  const address = /[.](\d+[.]\d+[.]\d+[.]\d+)$/.exec(domain)?.[1] ?? "";
  if (isIpv4(address))
    return `is a name below the address ${address}, and an address has no sub-domains: with it as the domain services get ports of their own`;
  const fault = findHostNameFault(domain);
  if (fault !== undefined) return fault;
  if (prefixLength + domain.length > 253) return "leaves no room for sub-domains within 253 characters";
  return undefined;
}

/** Most characters of a host name, without a label of its own for an application. */
const longestAppsDomain = 253 - 64;

function checkAppsDomain(values: Values, sections: readonly Section[]): readonly Finding[] {
  const { appsDomain, domain } = values;
  if (appsDomain === "") return [];
  const allowed = "allowed is a host name such as apps.ai.corp.example, or empty";
  if (addressingKind(domain) === "port") {
    const wrong = "asks for sub-domains, which an address or a name without a dot has not";
    const finding = wrongValue(
      "appsDomain",
      appsDomain,
      wrong,
      "allowed is empty: applications are at /endpoint/ then",
    );
    return [becauseOf(finding, "domain")];
  }
  const fault = findAppsDomainFault(values, sections);
  return fault === undefined ? [] : [wrongValue("appsDomain", appsDomain, fault, allowed)];
}

function findAppsDomainFault({ appsDomain, domain }: Values, sections: readonly Section[]): string | undefined {
  if (isIpv4(appsDomain)) return "is an address, and there are no names below one";
  if (!appsDomain.includes(".")) return "has no dot, and browsers keep nothing apart below such a name";
  const fault = findHostNameFault(appsDomain);
  if (fault !== undefined) return fault;
  if (appsDomain.length > longestAppsDomain)
    return "leaves no room for the names of applications within 253 characters";
  const own = [
    domain,
    ...sections.flatMap(({ listener }) => (listener === undefined ? [] : [`${listener.prefix}.${domain}`])),
  ];
  const taken = own.find((name) => name === appsDomain || name.endsWith(`.${appsDomain}`));
  return taken === undefined ? undefined : `would take in ${taken}, a name of the platform itself,`;
}

function checkBindAddress({ bindAddress, domain }: Values): readonly Finding[] {
  if (bindAddress === "auto") return [];
  if (!isIpv4(bindAddress) && !isIpv6(bindAddress)) {
    return [
      wrongValue("bindAddress", bindAddress, "is not an IP address", "allowed is auto or an IP address of this host"),
    ];
  }
  if (isLoopbackName(bindAddress) && isIpv4(domain) && !isLoopbackName(domain)) {
    return [
      wrongValue(
        "bindAddress",
        bindAddress,
        `is reached from this host only, but the domain ${domain} is an address for others`,
        "allowed is auto or an address that others reach",
      ),
    ];
  }
  return [];
}

function checkPortsDiffer(values: Values, sections: readonly Section[]): readonly Finding[] {
  const { published } = resolveAddressing(values, sections);
  return published.flatMap(({ name, port }, index) => {
    const first = published.slice(0, index).find((earlier) => earlier.port === port);
    return first === undefined ? [] : [describePortClash(name, first.name, port)];
  });
}

function describePortClash(name: PortName, first: PortName, port: number): Finding {
  const wrong = `is the same port as ports.${first}`;
  return becauseOf(wrongValue(`ports.${name}`, port, wrong, "allowed is a port of its own"), `ports.${first}`);
}

function checkTlsFiles({ tls }: Values): readonly Finding[] {
  const names = ["certFile", "keyFile"] as const;
  if (tls.mode === "files") {
    return names
      .filter((name) => tls[name] === "")
      .map((name) => ({
        path: ["tls", name],
        message: "is empty, but tls.mode is files; name a PEM file",
        causes: ["tls.mode"],
      }));
  }
  return names
    .filter((name) => tls[name] !== "")
    .map((name) => ({
      path: ["tls", name],
      message: `is given, but tls.mode is ${tls.mode} and would not use it; set tls.mode to files or remove the line`,
    }));
}
