import { readFile } from "node:fs/promises";
import { Agent as PlainAgent, type OutgoingHttpHeaders } from "node:http";
import { Agent as SecureAgent, type AgentOptions } from "node:https";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { PreflightError } from "../../errors/installer-error.ts";
import { systemAuthorities } from "../http-client.ts";
import type { ClusterAccess } from "./cluster-access.ts";
import type { ClusterLimits } from "./cluster-limits.ts";
import { askProgram, type ProgramCredentials } from "./credential-program.ts";

/** What a request is sent with. */
export interface RequestCredentials {
  readonly agent: PlainAgent;
  readonly headers: OutgoingHttpHeaders;
}

export interface Credentials {
  /**
   * Asks the program that the kubeconfig names for it when what that gave last has expired.
   * @throws PreflightError when it gives none
   */
  forRequest(): Promise<RequestCredentials>;
  /** Lets what is under way come to its end. */
  retire(): void;
  /** Breaks off what is under way. */
  close(): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** By which right and by which way the API server is asked. */
export function openCredentials(access: ClusterAccess, env: Environment, limits: ClusterLimits): Credentials {
  const { user } = access;
  const ask = user.program === undefined ? undefined : askProgram(access, env, limits);
  const agents = new Map<string, Promise<PlainAgent>>();
  const each = (act: (agent: PlainAgent) => void): void => {
    for (const agent of agents.values()) void agent.then(act, () => undefined);
  };
  const agentFor = (given: ProgramCredentials | undefined): Promise<PlainAgent> => {
    // Certificates of a program are renewed, and connections belong to one of them.
    const key = given?.cert ?? "";
    const agent = agents.get(key) ?? openAgent(access, given);
    agents.set(key, agent);
    return agent;
  };
  return {
    forRequest: async () => {
      const given = await ask?.();
      const authorization = given?.authorization ?? (await authorizationOf(access));
      return {
        agent: await agentFor(given),
        headers: { ...(authorization === undefined ? {} : { authorization }), ...user.impersonation },
      };
    },
    retire: () =>
      each((agent) => {
        Object.assign(agent, { keepAlive: false });
        for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
      }),
    close: () => each((agent) => agent.destroy()),
  };
}

async function authorizationOf(access: ClusterAccess): Promise<string | undefined> {
  const { token, tokenFile, username, password } = access.user;
  if (tokenFile !== undefined) return `Bearer ${await readToken(tokenFile, access)}`;
  if (token !== undefined) return `Bearer ${token}`;
  return username === undefined
    ? undefined
    : `Basic ${Buffer.from(`${username}:${password ?? ""}`).toString("base64")}`;
}

async function readToken(path: string, { user, file }: ClusterAccess): Promise<string> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    throw new PreflightError(`the token of the user ${user.name} cannot be read from ${path}`, {
      hint: `correct tokenFile in ${file}`,
      cause: error,
    });
  }
}

async function openAgent(access: ClusterAccess, given: ProgramCredentials | undefined): Promise<PlainAgent> {
  const { server, cluster } = access;
  const { proxyUrl, serverName, verify } = cluster;
  const keep = {
    keepAlive: true,
    ...(proxyUrl === undefined ? {} : { proxyEnv: { http_proxy: proxyUrl, https_proxy: proxyUrl } }),
  };
  if (server.startsWith("http:")) return new PlainAgent(keep);
  const tls = {
    secureContext: trust(access, given),
    rejectUnauthorized: verify,
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
  if (proxyUrl?.startsWith("socks") !== true) return new SecureAgent({ ...keep, ...tls });
  const { SocksProxyAgent } = await import("socks-proxy-agent");
  const options: AgentOptions = { keepAlive: true, ...tls };
  return new SocksProxyAgent(proxyUrl, options);
}

function trust({ cluster, user, file }: ClusterAccess, given: ProgramCredentials | undefined): SecureContext {
  const { cert, key } = given?.cert === undefined ? user : given;
  try {
    return createSecureContext({
      ca: cluster.ca ?? [...new Set([...getCACertificates("default"), ...systemAuthorities()])],
      // An issuing authority is trusted alone, as by kubectl.
      allowPartialTrustChain: true,
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
    });
  } catch (error) {
    const { message } = error as Error;
    throw new PreflightError(
      `the certificates of the cluster ${cluster.name} or the user ${user.name} cannot be used: ${message}`,
      {
        hint: `correct them in ${file}, or get it anew from where it came`,
      },
    );
  }
}
