import { type Addressing, resolveAddressing } from "../addressing.ts";
import { findHostNameFault, isIpv4, isIpv6, isLoopbackName } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** Rules about names, addresses, ports and TLS. */
export const networkRules: readonly Rule[] = [
  { reads: ["domain"], check: checkDomain },
  { reads: ["bindAddress", "domain"], check: checkBindAddress },
  { reads: addressingReads(), check: checkPortsDiffer },
  { reads: ["tls"], check: checkTlsFiles },
  { reads: ["domain", ...modes("temporalUi", "casdoor", "temporal")], check: checkTemporalUi },
];

function addressingReads(): readonly string[] {
  return ["domain", "ports", "tls.mode", "bindAddress", ...modes("casdoor", "objectStore", "gitlabShell")];
}

function modes(...components: readonly string[]): readonly string[] {
  return components.map((component) => `${component}.mode`);
}

function checkDomain({ domain }: Values): readonly Finding[] {
  const fault = findDomainFault(domain);
  if (fault === undefined) return [];
  return [
    wrongValue("domain", domain, fault, "allowed is a host name such as ai.corp.example, an IPv4 address or localhost"),
  ];
}

function findDomainFault(domain: string): string | undefined {
  if (isIpv4(domain)) {
    const first = Number(domain.split(".")[0]);
    if (first === 0 || first >= 224) return "is not an address that a host can have";
    return undefined;
  }
  const fault = findHostNameFault(domain);
  if (fault !== undefined) return fault;
  // The longest name made from it is casdoor.<domain>.
  if (`casdoor.${domain}`.length > 253) return "leaves no room for sub-domains within 253 characters";
  return undefined;
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

function checkPortsDiffer(values: Values): readonly Finding[] {
  const { published } = resolveAddressing(values);
  return published.flatMap(({ name, port }, index) => {
    const first = published.slice(0, index).find((earlier) => earlier.port === port);
    return first === undefined ? [] : [describePortClash(name, first.name, port)];
  });
}

type PortName = Addressing["published"][number]["name"];

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

/** The page has no sign-in of its own, and finds Casdoor by its public name, which means something else inside a container when it is localhost. */
function checkTemporalUi({ domain, temporalUi, casdoor, temporal }: Values): readonly Finding[] {
  if (temporalUi.mode === "off") return [];
  const because =
    (...causes: readonly string[]) =>
    (allowed: string): Finding =>
      becauseOf(wrongValue("temporalUi.mode", temporalUi.mode, "cannot work here", allowed), ...causes);
  return [
    ...(casdoor.mode === "embedded"
      ? []
      : [because("casdoor.mode")("it needs casdoor.mode embedded to sign people in")]),
    ...(temporal.mode === "embedded" ? [] : [because("temporal.mode")("it needs temporal.mode embedded")]),
    ...(isLoopbackName(domain)
      ? [because("domain")("it needs a domain that containers reach too, not localhost")]
      : []),
  ];
}
