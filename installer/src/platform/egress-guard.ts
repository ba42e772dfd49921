import dgram from "node:dgram";
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";

/** What tried to reach the network, and what it was told. */
export interface EgressReport {
  /** Hosts that may be reached, besides unix sockets and this machine's loopback. */
  readonly allowed: readonly string[];
  /** `host:port` of connections and names of look-ups that were refused, each once, in the order of the first try. */
  readonly refused: readonly string[];
}

/** Keeps this process from connecting anywhere but where it may. */
export interface EgressGuard {
  /** Lets a host through from now on: a name, an address, or `host:port`. */
  allow(host: string): void;
  report(): EgressReport;
  /** Takes the guard away. */
  disarm(): void;
}

/** A connection that was not let through; HTTP clients take its code for a blocked way. */
export class EgressRefusedError extends Error {
  readonly code = "EACCES";
  readonly destination: string;

  constructor(destination: string) {
    super(`a connection to ${destination} was refused: this run may use no network but what it was given`);
    this.name = "EgressRefusedError";
    this.destination = destination;
  }
}

const loopback =
  /^(localhost|ip6-localhost|.+\.localhost|127\.\d+\.\d+\.\d+|::1|::ffff:127\.\d+\.\d+\.\d+|0\.0\.0\.0|::)$/i;

/**
 * Arms the guard for the whole process. All TCP of Node goes through one method of sockets, TLS and HTTP too, names through
 * one module, and datagrams through their sockets; each is wrapped until `disarm`.
 */
export function armEgressGuard(allowed: readonly string[]): EgressGuard {
  const hosts = new Set(allowed.map(hostOf));
  const refused = new Set<string>();
  const isFree = (host: string): boolean => loopback.test(host) || hosts.has(hostOf(host));
  const refuse = (destination: string): EgressRefusedError => {
    refused.add(destination);
    return new EgressRefusedError(destination);
  };
  const undo = [wrapSockets(isFree, refuse), wrapDatagrams(isFree, refuse), wrapNames(isFree, refuse)];
  return {
    allow: (host) => void hosts.add(hostOf(host)),
    report: () => ({ allowed: [...hosts].sort(), refused: [...refused] }),
    disarm: () => {
      for (const back of undo) back();
    },
  };
}

type IsFree = (host: string) => boolean;
type Refuse = (destination: string) => EgressRefusedError;

/** `[::1]:5000` and `harbor.corp:5000/path` without port and path, in lower case. */
function hostOf(text: string): string {
  const authority = text.split("/", 1)[0] ?? "";
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(authority)?.[1];
  if (bracketed !== undefined) return bracketed.toLowerCase();
  return (net.isIPv6(authority) ? authority : authority.replace(/:\d+$/, "")).toLowerCase();
}

interface Destination {
  readonly host: string;
  readonly port: string;
}

function wrapSockets(isFree: IsFree, refuse: Refuse): () => void {
  // Called with the socket as `this`, as it was found.
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back and called with `apply` only
  const connect = net.Socket.prototype.connect;
  const guarded = function (this: net.Socket, ...args: readonly unknown[]): net.Socket {
    const destination = destinationOf(args);
    if (destination === undefined || isFree(destination.host)) return Reflect.apply(connect, this, args) as net.Socket;
    const error = refuse(`${destination.host}:${destination.port}`);
    process.nextTick(() => this.destroy(error));
    return this;
  };
  net.Socket.prototype.connect = guarded;
  return () => {
    net.Socket.prototype.connect = connect;
  };
}

/** The arguments of `connect` in all their forms; undefined for a unix socket. Node hands its own calls over as one array. */
function destinationOf(args: readonly unknown[]): Destination | undefined {
  const [first, second] = args;
  if (Array.isArray(first)) return destinationOf(first);
  if (typeof first === "object" && first !== null) {
    const { path, host, port } = first as { path?: unknown; host?: unknown; port?: unknown };
    if (typeof path === "string") return undefined;
    return { host: textOf(host, "localhost"), port: textOf(port, "?") };
  }
  const isPort = typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first));
  return isPort ? { host: typeof second === "string" ? second : "localhost", port: String(first) } : undefined;
}

function textOf(value: unknown, otherwise: string): string {
  return typeof value === "string" || typeof value === "number" ? String(value) : otherwise;
}

function wrapDatagrams(isFree: IsFree, refuse: Refuse): () => void {
  const { prototype } = dgram.Socket;
  // eslint-disable-next-line @typescript-eslint/unbound-method -- put back and called with `apply` only
  const { send, connect } = prototype;
  prototype.connect = function (this: dgram.Socket, ...args: readonly unknown[]): void {
    const host = typeof args[1] === "string" ? args[1] : "localhost";
    if (!isFree(host)) throw refuse(`${host}:${String(args[0])} (udp)`);
    Reflect.apply(connect, this, args);
  };
  prototype.send = function (this: dgram.Socket, ...args: readonly unknown[]): void {
    // (message, offset, length, port, address) or (message, port, address); without an address it is loopback or connected.
    const address = args.slice(1).findLast((value) => typeof value === "string");
    if (address !== undefined && !isFree(address)) throw refuse(`${address} (udp)`);
    Reflect.apply(send, this, args);
  };
  return () => Object.assign(prototype, { send, connect });
}

/** Every question that the system or a name server can be asked. */
const questions = /^(lookup|lookupService|reverse|resolve\w*)$/;

type Ask = (this: unknown, ...args: unknown[]) => unknown;

/** A name that is asked for tells somebody something, even when no connection follows. */
function wrapNames(isFree: IsFree, refuse: Refuse): () => void {
  const isAllowed = (question: string, subject: unknown): boolean => {
    if (typeof subject !== "string" || subject === "" || isFree(subject)) return true;
    // An address is no question, unless what is asked for is its name.
    return net.isIP(subject) !== 0 && question !== "reverse" && question !== "lookupService";
  };
  const called = (question: string, ask: Ask): Ask =>
    function (this: unknown, subject, ...rest) {
      if (isAllowed(question, subject)) return Reflect.apply(ask, this, [subject, ...rest]);
      const done = rest.at(-1) as (error: Error) => void;
      const error = refuse(String(subject));
      process.nextTick(() => done(error));
      return undefined;
    };
  const promised = (question: string, ask: Ask): Ask =>
    function (this: unknown, subject, ...rest) {
      if (isAllowed(question, subject)) return Reflect.apply(ask, this, [subject, ...rest]);
      return Promise.reject(refuse(String(subject)));
    };
  const undo = [
    wrapQuestions(dns, called),
    wrapQuestions(dns.Resolver.prototype, called),
    wrapQuestions(dns.promises, promised),
    wrapQuestions(dns.promises.Resolver.prototype, promised),
  ];
  syncBuiltinESMExports();
  return () => {
    for (const back of undo) back();
    syncBuiltinESMExports();
  };
}

function wrapQuestions(holder: object, wrap: (question: string, ask: Ask) => Ask): () => void {
  const functions = holder as Record<string, Ask>;
  const kept = Object.getOwnPropertyNames(holder).flatMap((name) => {
    const ask = questions.test(name) ? functions[name] : undefined;
    return ask === undefined ? [] : [[name, ask] as const];
  });
  for (const [name, ask] of kept) functions[name] = wrap(name, ask);
  return () => {
    for (const [name, ask] of kept) functions[name] = ask;
  };
}

const proxyVariable = /^(https?|all|ftp|no)_proxy$/i;

/** The environment without proxies, for the programs that are started. */
export function withoutProxies(
  environment: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !proxyVariable.test(name)));
}
