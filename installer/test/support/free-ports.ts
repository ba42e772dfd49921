import { createServer } from "node:net";
import type { Server } from "node:net";

/** Published ports of one platform, free on loopback a moment ago. */
export interface PlatformPorts {
  readonly http: number;
  readonly https: number;
  readonly ssh: number;
  readonly casdoor: number;
  readonly s3: number;
}

const names = ["http", "https", "ssh", "casdoor", "s3"] as const;
const lowest = 21_000;
const range = 9_000;

/** Finds ports above 21000 that nobody listens on; they are held until all are found, so none is given twice. */
export async function findFreePorts(): Promise<PlatformPorts> {
  const held: Server[] = [];
  try {
    const found: [string, number][] = [];
    for (const name of names) found.push([name, await holdFreePort(held)]);
    return Object.fromEntries(found) as unknown as PlatformPorts;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

async function holdFreePort(held: Server[]): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    const port = lowest + Math.floor(Math.random() * range);
    const server = await listen(port);
    if (server === undefined) continue;
    held.push(server);
    return port;
  }
  throw new Error(`no free port between ${lowest} and ${lowest + range}`);
}

/** Listens on loopback, or gives undefined when somebody else does. */
export function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1", exclusive: true }, () => resolve(server));
  });
}

/** The `--set` arguments that publish on these ports of loopback. */
export function portArguments(ports: PlatformPorts): readonly string[] {
  return Object.entries(ports)
    .map(([name, port]) => `ports.${name}=${port}`)
    .concat("bindAddress=127.0.0.1")
    .flatMap((value) => ["--set", value]);
}
