import { BlockList, isIP, isIPv6 } from "node:net";
import { isLoopback } from "./loopback.ts";

/** A proxy as a variable of the environment names it. */
export interface Proxy {
  /** As it is connected to, with user and password: never shown. */
  readonly href: string;
  /** Host and port, for messages. */
  readonly host: string;
  /** The variable that named it: `HTTPS_PROXY`. */
  readonly variable: string;
  /** What is wrong with it, where it cannot be used. */
  readonly problem?: string;
}

/** The proxy on the way to a URL; undefined where the way is direct. */
export type ProxyChoice = (url: URL) => Proxy | undefined;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the proxy variables as curl and programs in Go do: small letters win, an address without a scheme is one of http,
 * and this machine itself is never reached through a proxy. Of `NO_PROXY` every form is understood: `*`, a name (itself and
 * what is below it), `.name` and `*.name` (what is below it), an address, a CIDR range, each but the range with `:port`.
 */
export function readProxies(environment: Environment): ProxyChoice {
  const proxies = {
    "http:": findProxy(environment, ["http_proxy", "HTTP_PROXY"]),
    "https:": findProxy(environment, ["https_proxy", "HTTPS_PROXY"]),
  };
  const exceptions = firstSet(environment, ["no_proxy", "NO_PROXY"])
    .text.split(/[\s,]+/)
    .filter((entry) => entry !== "")
    .map(parseException);
  return (url) => {
    const proxy = proxies[url.protocol === "https:" ? "https:" : "http:"];
    if (proxy === undefined || isLoopback(url.hostname)) return undefined;
    const destination = destinationOf(url);
    return exceptions.some((matches) => matches(destination)) ? undefined : proxy;
  };
}

/** An empty variable is none. */
function firstSet(
  environment: Environment,
  names: readonly string[],
): { readonly variable: string | undefined; readonly text: string } {
  const variable = names.find((name) => (environment[name] ?? "").trim() !== "");
  return { variable, text: variable === undefined ? "" : (environment[variable] ?? "").trim() };
}

function findProxy(environment: Environment, names: readonly string[]): Proxy | undefined {
  const { variable, text } = firstSet(environment, names);
  if (variable === undefined) return undefined;
  const address = text.includes("://") ? text : `http://${text}`;
  const unusable = (problem: string, host: string): Proxy => ({ href: "", host, variable, problem });
  if (!URL.canParse(address)) return unusable("is not an address", "");
  const url = new URL(address);
  if (!/^https?:$/.test(url.protocol)) {
    return unusable(`is a proxy of the kind ${url.protocol.replace(":", "")}, which is not supported`, url.host);
  }
  if (!isEncoded(url.username) || !isEncoded(url.password)) {
    return unusable("has a user or password with a % that is not followed by two digits", hostAndPort(url));
  }
  return { href: url.href, host: hostAndPort(url), variable };
}

function isEncoded(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}

interface Destination {
  /** In small letters, without brackets. */
  readonly host: string;
  readonly port: string;
}

function destinationOf(url: URL): Destination {
  const host = url.hostname.toLowerCase().replace(/^\[(.*)\]$/, "$1");
  return { host: isIP(host) === 0 ? host.replace(/\.$/, "") : host, port: portOf(url) };
}

function portOf(url: URL): string {
  if (url.port !== "") return url.port;
  return url.protocol === "https:" ? "443" : "80";
}

/** Host and port of a URL, the usual port too: a proxy on 80 is asked for by that number. */
function hostAndPort(url: URL): string {
  return `${url.hostname}:${portOf(url)}`;
}

type Exception = (destination: Destination) => boolean;

const never: Exception = () => false;

/** One entry of `NO_PROXY`; one that is none of its forms matches nothing, as everywhere. */
function parseException(entry: string): Exception {
  if (entry === "*") return () => true;
  const slash = entry.indexOf("/");
  if (slash !== -1) return range(entry.slice(0, slash), entry.slice(slash + 1));
  const { host, port } = splitPort(entry.toLowerCase());
  const onPort = (matches: (host: string) => boolean): Exception => {
    return (to) => (port === undefined || port === to.port) && matches(to.host);
  };
  if (isIP(host) !== 0) {
    const same = range(host, isIPv6(host) ? "128" : "32");
    return (to) => (port === undefined || port === to.port) && same(to);
  }
  const name = host.replace(/^\*(?=\.)/, "").replace(/\.$/, "");
  if (name === "" || name === ".") return never;
  if (name.startsWith(".")) return onPort((to) => to.endsWith(name));
  return onPort((to) => to === name || to.endsWith(`.${name}`));
}

function range(address: string, prefix: string): Exception {
  const most = isIPv6(address) ? 128 : 32;
  if (isIP(address) === 0 || !/^\d{1,3}$/.test(prefix) || Number(prefix) > most) return never;
  const addresses = new BlockList();
  addresses.addSubnet(address, Number(prefix), familyOf(address));
  return ({ host }) => isIP(host) !== 0 && addresses.check(host, familyOf(host));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return isIPv6(address) ? "ipv6" : "ipv4";
}

/** `registry:5000`, `[fd00::1]:5000` and `fd00::1` in their parts. */
function splitPort(entry: string): { readonly host: string; readonly port: string | undefined } {
  const bracketed = /^\[([^\]]+)\](?::(\d+))?$/.exec(entry);
  if (bracketed !== null) return { host: bracketed[1] ?? "", port: bracketed[2] };
  if (isIPv6(entry)) return { host: entry, port: undefined };
  const [, host = entry, port] = /^(.*?):(\d+)$/.exec(entry) ?? [];
  return { host, port };
}
