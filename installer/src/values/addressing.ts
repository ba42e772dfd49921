import { compareText } from "../language/compare-text.ts";
import { isIpv4, isLoopbackName } from "./host-names.ts";
import { type PortName, runsHere, type Section } from "./section.ts";
import type { Values } from "./values.generated.ts";

/** Something people open through the gateway. */
export interface Served {
  /** `main`, or the id that a component gave its listener. */
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly url: string;
}

/** Where people reach what; derived from the values and what components declare. */
export interface Addressing {
  /** `domain`: every service has a sub-domain; `port`: every service has a port of its own. */
  readonly kind: "domain" | "port";
  readonly domain: string;
  /** IP address of the host on which ports are published. */
  readonly bindAddress: string;
  readonly tls: "off" | "self-signed" | "files";
  readonly mainUrl: string;
  /** Every name the gateway answers to and a certificate must cover, the domain first. */
  readonly hosts: readonly string[];
  /** What the gateway serves: `main`, then by id what runs here and has a listener. */
  readonly served: readonly Served[];
  /** Every name below the applications' domain, a wildcard; absent where applications have no names of their own. */
  readonly apps?: Served;
  /** The ports that are really published under this addressing, in the order of the values. */
  readonly published: readonly { readonly name: PortName; readonly port: number }[];
}

/** An IP address and a bare host name have no sub-domains. */
export function addressingKind(domain: string): Addressing["kind"] {
  return isIpv4(domain) || !domain.includes(".") ? "port" : "domain";
}

/** Derives every public name, port and URL from validated values. */
export function resolveAddressing(values: Values, sections: readonly Section[]): Addressing {
  const { domain, ports, appsDomain } = values;
  const kind = addressingKind(domain);
  const tls = resolveTls(values);
  // Only these are looked at: another may be wrong, of which something else is told.
  const reachable = sections.filter(({ listener, ownPort }) => listener !== undefined || ownPort !== undefined);
  const present = reachable.filter((section) => runsHere(values, section));
  const shared = tls === "off" ? ports.http : ports.https;
  const main = serve(tls, { id: "main", host: domain, port: shared });
  const others = present
    .flatMap(({ listener }) => (listener === undefined ? [] : [listener]))
    .map(({ id, prefix, port }) =>
      kind === "port"
        ? serve(tls, { id, host: domain, port: ports[port] })
        : serve(tls, { id, host: `${prefix}.${domain}`, port: shared }),
    )
    .sort((a, b) => compareText(a.id, b.id));
  // Rules tell of one that cannot be.
  const apps =
    kind === "port" || appsDomain === "" ? [] : [serve(tls, { id: "apps", host: `*.${appsDomain}`, port: shared })];
  return {
    kind,
    domain,
    bindAddress: resolveBindAddress(values),
    tls,
    mainUrl: main.url,
    hosts: kind === "port" ? [domain] : [domain, ...[...others, ...apps].map(({ host }) => host)],
    served: [main, ...others],
    ...(apps[0] === undefined ? {} : { apps: apps[0] }),
    published: listPublishedPorts(values, { kind, tls, present }),
  };
}

/**
 * The address under which people open what a component serves through the gateway.
 * @throws RangeError when it does not run here or has no listener
 */
export function servedUrl({ served }: Addressing, id: string): string {
  const found = served.find((row) => row.id === id);
  if (found === undefined) throw new RangeError(`the gateway serves no ${id}`);
  return found.url;
}

function resolveTls(values: Values): Addressing["tls"] {
  if (values.tls.mode !== "auto") return values.tls.mode;
  return isLoopbackName(values.domain) ? "off" : "self-signed";
}

function resolveBindAddress(values: Values): string {
  if (values.bindAddress !== "auto") return values.bindAddress;
  return isLoopbackName(values.domain) ? "127.0.0.1" : "0.0.0.0";
}

function serve(tls: Addressing["tls"], at: Omit<Served, "url">): Served {
  const scheme = tls === "off" ? "http" : "https";
  const usual = tls === "off" ? 80 : 443;
  return { ...at, url: `${scheme}://${at.host}${at.port === usual ? "" : `:${at.port}`}` };
}

/** The ports that people need under an addressing, of those the values name and in their order. */
export function portsInUse(
  ports: Values["ports"],
  use: { readonly kind: Addressing["kind"]; readonly tls: boolean; readonly present: readonly Section[] },
): readonly PortName[] {
  const used = new Set<PortName>([
    "http",
    ...(use.tls ? (["https"] as const) : []),
    ...use.present.flatMap(({ listener, ownPort }) => [
      ...(ownPort === undefined ? [] : [ownPort]),
      ...(listener === undefined || use.kind === "domain" ? [] : [listener.port]),
    ]),
  ]);
  return (Object.keys(ports) as PortName[]).filter((name) => used.has(name));
}

function listPublishedPorts(
  { ports }: Values,
  use: Pick<Addressing, "kind" | "tls"> & { readonly present: readonly Section[] },
): Addressing["published"] {
  return portsInUse(ports, { ...use, tls: use.tls !== "off" }).map((name) => ({ name, port: ports[name] }));
}
