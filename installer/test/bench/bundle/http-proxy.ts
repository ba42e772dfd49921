import { Agent, type IncomingMessage, type ServerResponse, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";

/** What became of a request on its way. */
export type Fate = "pass" | "500" | "429" | "reset";

export interface Seen {
  requests: number;
  /** Bytes of request bodies that reached the proxy. */
  bodyBytes: number;
  faults: number;
}

export interface CountingProxy {
  readonly host: string;
  readonly seen: Seen;
  readonly close: () => Promise<void>;
}

/** A way to a registry that counts, and does to every request what `decide` says. */
export async function startProxy(
  target: string,
  decide: (index: number) => Fate = () => "pass",
): Promise<CountingProxy> {
  const seen: Seen = { requests: 0, bodyBytes: 0, faults: 0 };
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  const server = createServer((incoming, outgoing) => {
    const fate = decide(seen.requests);
    seen.requests += 1;
    incoming.on("data", (chunk: Buffer) => (seen.bodyBytes += chunk.length));
    if (fate === "pass") forward(incoming, outgoing);
    else {
      seen.faults += 1;
      spoil(fate, incoming, outgoing);
    }
  });
  const forward = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const [host, port] = target.split(":");
    const onward = request({
      host,
      port,
      agent,
      method: incoming.method,
      path: incoming.url,
      headers: incoming.headers,
    });
    onward.on("response", (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    incoming.pipe(onward);
  };
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    close: async () => {
      agent.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function spoil(fate: Exclude<Fate, "pass">, incoming: IncomingMessage, outgoing: ServerResponse): void {
  if (fate === "reset") {
    incoming.socket.resetAndDestroy();
    return;
  }
  incoming.resume();
  incoming.on("end", () => {
    outgoing.writeHead(Number(fate), fate === "429" ? { "retry-after": "1" } : {});
    outgoing.end();
  });
}
