import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PreflightError } from "../../errors/installer-error.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where the engine listens. */
export type EngineEndpoint =
  | { readonly kind: "unix"; readonly socketPath: string }
  | {
      readonly kind: "tcp";
      readonly host: string;
      readonly port: number;
      readonly tls?: { readonly ca: string; readonly cert: string; readonly key: string };
    };

const defaultSocket = "unix:///var/run/docker.sock";

/**
 * Finds the engine as the docker program does: DOCKER_HOST, the selected context, the default socket.
 * @throws PreflightError for an address of another kind
 */
export function engineEndpoint(env: Environment): EngineEndpoint {
  const address = nonEmpty(env["DOCKER_HOST"]) ?? contextAddress(env) ?? defaultSocket;
  const url = URL.canParse(address) ? new URL(address) : undefined;
  switch (url?.protocol) {
    case "unix:":
      return { kind: "unix", socketPath: address.slice("unix://".length) };
    case "tcp:":
    case "http:":
    case "https:":
      return tcpEndpoint(url, env);
    default:
      throw new PreflightError(`the docker engine's address ${address} cannot be used`, {
        hint: "use unix:///path or tcp://host:port; for ssh:// open a tunnel to the socket",
      });
  }
}

function tcpEndpoint(url: URL, env: Environment): EngineEndpoint {
  const secure = nonEmpty(env["DOCKER_TLS_VERIFY"]) !== undefined || url.protocol === "https:";
  const port = url.port === "" ? (secure ? 2376 : 2375) : Number(url.port);
  if (!secure) return { kind: "tcp", host: url.hostname, port };
  const folder = nonEmpty(env["DOCKER_CERT_PATH"]) ?? configFolder(env);
  const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((name) => readFileSync(join(folder, name), "utf8"));
  return { kind: "tcp", host: url.hostname, port, tls: { ca: ca ?? "", cert: cert ?? "", key: key ?? "" } };
}

function contextAddress(env: Environment): string | undefined {
  const name = nonEmpty(env["DOCKER_CONTEXT"]) ?? currentContext(env);
  if (name === undefined || name === "default") return undefined;
  const id = createHash("sha256").update(name).digest("hex");
  const meta = readJson(join(configFolder(env), "contexts", "meta", id, "meta.json"));
  const host = (meta as { Endpoints?: { docker?: { Host?: unknown } } } | undefined)?.Endpoints?.docker?.Host;
  if (typeof host === "string") return host;
  throw new PreflightError(`the docker context ${name} is selected but not described`, {
    hint: "docker context use default",
  });
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
