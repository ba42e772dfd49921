import { isIpv4, isLoopbackName } from "./host-names.ts";
import type { Values } from "./values.generated.ts";

export type ServedName = "main" | "casdoor" | "s3";
export type PublishedPort = "http" | "https" | "ssh" | "casdoor" | "s3";

/** Where people reach what; derived from the values and nothing else. */
export interface Addressing {
  /** `domain`: every service has a sub-domain; `port`: every service has a port of its own. */
  readonly kind: "domain" | "port";
  readonly domain: string;
  /** IP address of the host on which ports are published. */
  readonly bindAddress: string;
  readonly tls: "off" | "self-signed" | "files";
  readonly mainUrl: string;
  readonly casdoorUrl: string;
  readonly s3Url: string;
  readonly sshUrl: string;
  /** Every name the gateway answers to and a certificate must cover, the domain first. */
  readonly hosts: readonly string[];
  /** Host name and port of each thing the gateway serves. */
  readonly served: Readonly<Record<ServedName, { readonly host: string; readonly port: number; readonly url: string }>>;
  /** The ports that are really published under this addressing, in a fixed order. */
  readonly published: readonly { readonly name: PublishedPort; readonly port: number }[];
}

type AddressedValues = Pick<
  Values,
  "domain" | "bindAddress" | "ports" | "tls" | "casdoor" | "objectStore" | "gitlabShell"
>;

/** An IP address and a bare host name have no sub-domains. */
export function addressingKind(domain: string): Addressing["kind"] {
  return isIpv4(domain) || !domain.includes(".") ? "port" : "domain";
}

/** Derives every public name, port and URL from validated values. */
export function resolveAddressing(values: AddressedValues): Addressing {
  const { domain } = values;
  const kind = addressingKind(domain);
  const tls = resolveTls(values);
  const served = {
    main: serve(tls, { host: domain, port: tls === "off" ? values.ports.http : values.ports.https }),
    casdoor: serveComponent(values, { kind, tls, prefix: "casdoor", port: values.ports.casdoor }),
    s3: serveComponent(values, { kind, tls, prefix: "s3", port: values.ports.s3 }),
  };
  return {
    kind,
    domain,
    bindAddress: resolveBindAddress(values),
    tls,
    mainUrl: served.main.url,
    casdoorUrl: served.casdoor.url,
    s3Url: served.s3.url,
    sshUrl: `ssh://git@${domain}${values.ports.ssh === 22 ? "" : `:${values.ports.ssh}`}`,
    hosts: kind === "port" ? [domain] : [domain, ...servedComponents(values).map((name) => served[name].host)],
    served,
    published: listPublishedPorts(values, kind, tls),
  };
}

function resolveTls(values: AddressedValues): Addressing["tls"] {
  if (values.tls.mode !== "auto") return values.tls.mode;
  return isLoopbackName(values.domain) ? "off" : "self-signed";
}

function resolveBindAddress(values: AddressedValues): string {
  if (values.bindAddress !== "auto") return values.bindAddress;
  return isLoopbackName(values.domain) ? "127.0.0.1" : "0.0.0.0";
}

interface ComponentAddress {
  readonly kind: Addressing["kind"];
  readonly tls: Addressing["tls"];
  readonly prefix: string;
  readonly port: number;
}

function serveComponent(values: AddressedValues, address: ComponentAddress) {
  const shared = address.tls === "off" ? values.ports.http : values.ports.https;
  return address.kind === "port"
    ? serve(address.tls, { host: values.domain, port: address.port })
    : serve(address.tls, { host: `${address.prefix}.${values.domain}`, port: shared });
}

function serve(tls: Addressing["tls"], at: { readonly host: string; readonly port: number }) {
  const scheme = tls === "off" ? "http" : "https";
  const usual = tls === "off" ? 80 : 443;
  return { ...at, url: `${scheme}://${at.host}${at.port === usual ? "" : `:${at.port}`}` };
}

/** The components beside the main site that the gateway serves because they run here. */
function servedComponents(values: AddressedValues): readonly ("casdoor" | "s3")[] {
  return [
    ...(values.casdoor.mode === "embedded" ? (["casdoor"] as const) : []),
    ...(values.objectStore.mode === "embedded" ? (["s3"] as const) : []),
  ];
}

function listPublishedPorts(
  values: AddressedValues,
  kind: Addressing["kind"],
  tls: Addressing["tls"],
): Addressing["published"] {
  const names: readonly PublishedPort[] = [
    "http",
    ...(tls === "off" ? [] : (["https"] as const)),
    ...(values.gitlabShell.mode === "embedded" ? (["ssh"] as const) : []),
    ...(kind === "port" ? servedComponents(values) : []),
  ];
  return names.map((name) => ({ name, port: values.ports[name] }));
}
