import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PreflightError } from "../../errors/installer-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** What a TLS connection to the engine is made with: contents of PEM files. */
export interface EngineTls {
  /** Without it the authorities that Node knows are trusted. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** False when the engine's certificate is not looked at. */
  readonly verify: boolean;
}

/** Where the engine listens. `address` is how a person would write it in DOCKER_HOST. */
export type EngineEndpoint = { readonly address: string } & (
  | { readonly kind: "unix"; readonly socketPath: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number; readonly tls?: EngineTls }
  | {
      readonly kind: "ssh";
      readonly host: string;
      readonly port?: string;
      readonly user?: string;
      /** The engine's socket on that host, when it is not the default one. */
      readonly socketPath?: string;
    }
);

const defaultSocket = "/var/run/docker.sock";
const usableAddresses = "use unix:///path, tcp://host:port or ssh://user@host";

/**
 * Finds the engine as the docker program does: DOCKER_HOST, the selected context, the default socket.
 * @throws PreflightError for an address of another kind, and for a certificate that is not there
 */
export function engineEndpoint(env: Environment): EngineEndpoint {
  const address = nonEmpty(env["DOCKER_HOST"]);
  if (address !== undefined) return parseAddress(address, () => tlsOfEnvironment(env));
  const context = contextName(env);
  if (context === undefined) return parseAddress(`unix://${defaultSocket}`, () => undefined);
  const { host, skipVerify, folder } = readContext(env, context);
  return parseAddress(host, () => tlsOfContext(context, folder, skipVerify));
}

function parseAddress(given: string, readTls: () => EngineTls | undefined): EngineEndpoint {
  const address = given.includes("://") ? given : `tcp://${given}`;
  if (address.startsWith("unix://")) {
    const socketPath = address.slice("unix://".length);
    return { kind: "unix", address, socketPath: socketPath === "" ? defaultSocket : socketPath };
  }
  const url = URL.canParse(address) ? new URL(address) : undefined;
  switch (url?.protocol) {
    case "tcp:":
    case "http:":
    case "https:":
      return tcpEndpoint(address, url, readTls());
    case "ssh:":
      return sshEndpoint(address, url);
    default:
      throw new PreflightError(`the docker engine's address ${address} cannot be used`, { hint: usableAddresses });
  }
}

function tcpEndpoint(address: string, url: URL, known: EngineTls | undefined): EngineEndpoint {
  const tls = known ?? (url.protocol === "https:" ? { verify: true } : undefined);
  if (url.hostname === "" || url.pathname.length > 1) {
    throw new PreflightError(`the docker engine's address ${address} is not host and port`, { hint: usableAddresses });
  }
  const port = url.port === "" ? (tls === undefined ? 2375 : 2376) : Number(url.port);
  // A URL keeps the brackets of [::1]; sockets want the bare address.
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { kind: "tcp", address, host, port, ...(tls === undefined ? {} : { tls }) };
}

function sshEndpoint(address: string, url: URL): EngineEndpoint {
  if (url.password !== "") {
    throw new PreflightError(`the docker engine's address ssh://${url.username}:…@${url.host} holds a password`, {
      hint: "leave the password out and give ssh a key, or an agent that has one",
    });
  }
  return {
    kind: "ssh",
    address,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    ...(url.port === "" ? {} : { port: url.port }),
    ...(url.username === "" ? {} : { user: decodeURIComponent(url.username) }),
    ...(url.pathname.replaceAll("/", "") === "" ? {} : { socketPath: url.pathname }),
  };
}

/** DOCKER_TLS asks for TLS, DOCKER_TLS_VERIFY for TLS with an engine that can be trusted; any value counts, as with docker. */
function tlsOfEnvironment(env: Environment): EngineTls | undefined {
  const verify = nonEmpty(env["DOCKER_TLS_VERIFY"]) !== undefined;
  if (!verify && nonEmpty(env["DOCKER_TLS"]) === undefined) return undefined;
  const folder = nonEmpty(env["DOCKER_CERT_PATH"]) ?? configFolder(env);
  const hint = "set DOCKER_CERT_PATH to the folder with ca.pem, cert.pem and key.pem, or unset DOCKER_TLS_VERIFY";
  return { ...(verify ? { ca: readPem(join(folder, "ca.pem"), hint) } : {}), ...readPair(folder, hint), verify };
}

/** A context with files of its own, or one that trusts any engine, is spoken to by TLS. */
function tlsOfContext(name: string, folder: string, skipVerify: boolean): EngineTls | undefined {
  const hint = `docker context update ${name} --docker "host=…,ca=…,cert=…,key=…" gives the context its certificates again`;
  const ca = readIfPresent(join(folder, "ca.pem"));
  const pair = readPair(folder, hint);
  if (ca === undefined && pair.cert === undefined && !skipVerify) return undefined;
  return { ...(ca === undefined ? {} : { ca }), ...pair, verify: !skipVerify };
}

/** Our own certificate: both files or none. */
function readPair(folder: string, hint: string): { readonly cert?: string; readonly key?: string } {
  const [certFile, keyFile] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  const present = [certFile, keyFile].some((file) => readIfPresent(file) !== undefined);
  return present ? { cert: readPem(certFile, hint), key: readPem(keyFile, hint) } : {};
}

function readPem(file: string, hint: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === "ENOENT";
    throw new PreflightError(`the certificate file ${file} ${missing ? "is not there" : "cannot be read"}`, {
      hint,
      cause: error,
    });
  }
}

function readIfPresent(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new PreflightError(`the certificate file ${file} cannot be read`, { cause: error });
  }
}

function contextName(env: Environment): string | undefined {
  const name = nonEmpty(env["DOCKER_CONTEXT"]) ?? currentContext(env);
  return name === "default" ? undefined : name;
}

interface Context {
  readonly host: string;
  readonly skipVerify: boolean;
  /** Of its certificates; need not exist. */
  readonly folder: string;
}

function readContext(env: Environment, name: string): Context {
  const id = createHash("sha256").update(name).digest("hex");
  const contexts = join(configFolder(env), "contexts");
  const meta = readJson(join(contexts, "meta", id, "meta.json")) as
    | { Endpoints?: { docker?: { Host?: unknown; SkipTLSVerify?: unknown } } }
    | undefined;
  const endpoint = meta?.Endpoints?.docker;
  if (typeof endpoint?.Host !== "string") {
    throw new PreflightError(`the docker context ${name} is selected but not described`, {
      hint: "docker context use default",
    });
  }
  return {
    host: endpoint.Host,
    skipVerify: endpoint.SkipTLSVerify === true,
    folder: join(contexts, "tls", id, "docker"),
  };
}

function currentContext(env: Environment): string | undefined {
  const config = readJson(join(configFolder(env), "config.json"));
  const name = (config as { currentContext?: unknown } | undefined)?.currentContext;
  return typeof name === "string" ? nonEmpty(name) : undefined;
}

function configFolder(env: Environment): string {
  return nonEmpty(env["DOCKER_CONFIG"]) ?? join(env["HOME"] ?? "/root", ".docker");
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, "utf8"));
  } catch {
    return undefined;
  }
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === "" ? undefined : value;
}
