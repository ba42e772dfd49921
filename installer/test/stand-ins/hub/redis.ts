import { randomUUID } from "node:crypto";
import type { Settings } from "./settings.ts";
import { StartRefusal } from "./start-refusal.ts";

export type RedisClient = Awaited<ReturnType<typeof openRedis>>;

/** Logs in, without a second try. */
export async function openRedis(settings: Settings) {
  const { createClient } = await import("@redis/client");
  const { host, port } = redisAddress(settings);
  const username = settings.text("STARHUB_SERVER_REDIS_USER");
  const password = settings.text("STARHUB_SERVER_REDIS_PASSWORD");
  const client = createClient({
    socket: { host, port, connectTimeout: 8000, reconnectStrategy: false },
    RESP: 2,
    disableClientInfo: true,
    ...(username === "" ? {} : { username }),
    ...(password === "" ? {} : { password }),
  });
  // connect() rejects with the same error; without a listener it would end the program too.
  client.on("error", () => undefined);
  await client.connect();
  return client;
}

export function redisAddress(settings: Settings): { readonly host: string; readonly port: number } {
  const url = new URL(`redis://${settings.text("STARHUB_SERVER_REDIS_ENDPOINT")}`);
  return { host: url.hostname.replace(/^\[|\]$/g, ""), port: Number(url.port) };
}

const leaseMs = 60_000;

const release = 'if redis.call("GET", KEYS[1]) == ARGV[1] then return redis.call("DEL", KEYS[1]) end return 0';

/**
 * Works while it holds a lock that others respect. It does not wait for one.
 * @throws {StartRefusal} when somebody else holds it.
 */
export async function whileLocked<T>(client: RedisClient, name: string, work: () => Promise<T>): Promise<T> {
  const holder = randomUUID();
  const taken = await client.set(name, holder, { condition: "NX", expiration: { type: "PX", value: leaseMs } });
  if (taken === null) throw new StartRefusal("acquiring lock: resource is already locked");
  const giveBack = () => client.eval(release, { keys: [name], arguments: [holder] });
  const result = await work().catch(async (error: unknown) => {
    await giveBack();
    throw error;
  });
  // The work is done, and all the same the real one fails when it took longer than the lock lasts.
  if ((await giveBack()) === 0) throw new StartRefusal("releasing lock: resource is not locked");
  return result;
}
