import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { OutsideRedis } from "../contract.generated.ts";
import { errorText, ToolboxError } from "../errors.ts";
import { redisUserLine } from "../remedies.ts";
import type { LookContext } from "./look-context.ts";

const oldest = [6, 2] as const;

export async function lookAtRedis(redis: OutsideRedis, context: LookContext): Promise<void> {
  const { createClient } = await import("@redis/client");
  const { host, user, password } = redis;
  const trust = context.caFile === undefined ? {} : { ca: await readFile(context.caFile) };
  const address = { host, port: Number(redis.port), connectTimeout: 8000, reconnectStrategy: false as const };
  const client = createClient({
    socket: redis.tls ? { ...address, tls: true, servername: host, ...trust } : address,
    RESP: 2,
    disableClientInfo: true,
    password,
    ...(user === undefined ? {} : { username: user }),
  });
  client.on("error", () => undefined);
  try {
    await client.connect();
    const send = async (...words: readonly string[]): Promise<unknown> => client.sendCommand([...words]);
    await lookAtServer(send, context);
    await lookAtRights(redis, send, context);
  } catch (error) {
    throw explained(error, redis);
  } finally {
    if (client.isOpen) client.destroy();
  }
}

type Send = (...words: readonly string[]) => Promise<unknown>;

function explained(error: unknown, { user = "default" }: OutsideRedis): unknown {
  if (!/^(WRONGPASS|NOAUTH|ERR AUTH)/.test(errorText(error))) return error;
  return new ToolboxError(`${user} cannot sign in: ${errorText(error)}`, {
    cause: error,
    advice: `correct user and password in the values, or the server's administrator runs: ${redisUserLine(user)} >PASSWORD`,
  });
}

async function lookAtServer(send: Send, { found }: LookContext): Promise<void> {
  const said = await send("INFO").catch(() => undefined);
  if (typeof said !== "string") return;
  const facts = new Map([...said.matchAll(/^(\w+):(.*?)\r?$/gm)].map(([, name = "", value = ""]) => [name, value]));
  const version = facts.get("redis_version") ?? "";
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    found("failure", `it is version ${version}`, `use version ${oldest.join(".")} or newer, or Valkey`);
  }
  if (facts.get("cluster_enabled") === "1") {
    found(
      "failure",
      "it runs in cluster mode, which the hub's programs do not know",
      "use a server without cluster mode",
    );
  }
  if (facts.get("role") === "slave") {
    found("failure", "it is a replica, which cannot be written to", "name the primary in redis.external.host");
  }
  const policy = facts.get("maxmemory_policy") ?? "";
  if (policy.startsWith("allkeys")) {
    found(
      "warning",
      `under memory pressure it drops any key (maxmemory-policy ${policy}), queues and locks, too`,
      "the server's administrator runs: CONFIG SET maxmemory-policy volatile-lru",
    );
  }
}

/** What the programs do, each on keys that are gone at the end. */
async function lookAtRights(redis: OutsideRedis, send: Send, { found }: LookContext): Promise<void> {
  const key = `slipway:look:${randomBytes(12).toString("hex")}`;
  const commands: readonly (readonly [string, ...string[]])[] = [
    ["SET", key, "1", "EX", "60"],
    ["GET", key],
    ["EXISTS", key],
    ["HSET", `${key}:h`, "field", "1"],
    ["HGETALL", `${key}:h`],
    ["EXPIRE", `${key}:h`, "60"],
    ["ZADD", `${key}:z`, "1", "member"],
    ["ZCARD", `${key}:z`],
    ["BZPOPMAX", `${key}:z`, "1"],
    ["LPUSH", `${key}:l`, "1"],
    ["EXPIRE", `${key}:l`, "60"],
    ["EVAL", "return 1", "0"],
    ["DEL", key, `${key}:h`, `${key}:z`, `${key}:l`],
  ];
  const denied = new Set<string>();
  for (const command of commands) {
    try {
      await send(...command);
    } catch (error) {
      if (!errorText(error).startsWith("NOPERM")) throw error;
      denied.add(command[0]);
    }
  }
  if (denied.size === 0) return;
  const user = redis.user ?? "default";
  found(
    "failure",
    `${user} may not run ${[...denied].join(", ")} on the platform's keys`,
    `the server's administrator runs: ${redisUserLine(user)}`,
  );
}
