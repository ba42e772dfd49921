import { Agent } from "node:http";
import { connect, isIP } from "node:net";
import type { Duplex } from "node:stream";
import { inspect } from "node:util";
import type { EngineEndpoint } from "./engine-endpoint.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Makes and keeps the connections to one engine, over whatever way it is reached. */
export async function createEngineAgent(endpoint: EngineEndpoint, env: Environment): Promise<Agent> {
  return new EngineAgent(await wayTo(endpoint, env));
}

class EngineAgent extends Agent {
  readonly #connect: () => Duplex;

  constructor(connectToEngine: () => Duplex) {
    super({ keepAlive: true });
    this.#connect = connectToEngine;
  }

  override createConnection(): Duplex {
    return this.#connect();
  }

  /** docker-modem describes every request in full, agent and sockets with it, whether anybody reads that or not. */
  [inspect.custom](): string {
    return "EngineAgent";
  }
}

/** What is needed for one way only is loaded for that way only. */
async function wayTo(endpoint: EngineEndpoint, env: Environment): Promise<() => Duplex> {
  switch (endpoint.kind) {
    case "unix":
      return () => connect({ path: endpoint.socketPath });
    case "ssh": {
      const { SshConnection } = await import("./ssh-connection.ts");
      return () => new SshConnection(endpoint, env);
    }
    case "tcp": {
      const { host, port } = endpoint;
      // A connection that says nothing for long, such as logs that are followed, still finds out when the other side is gone.
      const address = { host, port, keepAlive: true, keepAliveInitialDelay: 30_000 };
      if (endpoint.tls === undefined) return () => connect(address);
      const { verify, ...pem } = endpoint.tls;
      const tls = await import("node:tls");
      const options = { ...pem, ...(isIP(host) === 0 ? { servername: host } : {}), rejectUnauthorized: verify };
      return () => tls.connect({ ...address, ...options });
    }
  }
}
