import { randomBytes } from "node:crypto";
import type { RedisWire } from "../contract.generated.ts";
import { errorText, NotRefusedError, ToolboxError } from "../errors.ts";
import type { WireCheck, WireContext } from "./wire-check.ts";

const ttlSeconds = 60;

export const redisCheck: WireCheck<RedisWire> = {
  address: (wire) => `${wire.host}:${wire.port}`,
  expectation: () => "writes, reads and deletes a key with the password, and is refused without it",
  prove: proveRedis,
};

async function openRedis(wire: RedisWire, password: string | undefined, context: WireContext) {
  const { createClient } = await import("@redis/client");
  const client = createClient({
    socket: { host: wire.host, port: Number(wire.port), connectTimeout: 8000, reconnectStrategy: false },
    RESP: 2,
    disableClientInfo: true,
    ...(password === undefined ? {} : { password, ...(wire.user === undefined ? {} : { username: wire.user }) }),
  });
  // connect() rejects with the same error; without a listener it would end the program too
  client.on("error", () => undefined);
  context.atEnd(() => {
    if (client.isOpen) client.destroy();
  });
  await client.connect();
  return client;
}

async function proveRedis(wire: RedisWire, context: WireContext): Promise<void> {
  const client = await openRedis(wire, wire.password, context);
  context.note("logged in");
  const key = `slipway:verify:${randomBytes(12).toString("hex")}`;
  const value = randomBytes(12).toString("hex");
  await client.set(key, value, { expiration: { type: "EX", value: ttlSeconds } });
  const read = await client.get(key);
  const left = await client.ttl(key);
  const deleted = await client.del(key);
  if (read !== value) throw new ToolboxError("the key just written was not read back");
  if (left <= 0 || left > ttlSeconds) throw new ToolboxError(`the key's time to live is ${left}, not ${ttlSeconds} s`);
  if (deleted !== 1) throw new ToolboxError("the key could not be deleted");
  context.note("set, read and deleted a key with a time to live");
  await proveRefused(wire, undefined, context);
  await proveRefused(wire, `${randomBytes(12).toString("hex")}-wrong`, context);
}

async function proveRefused(wire: RedisWire, password: string | undefined, context: WireContext): Promise<void> {
  const how = password === undefined ? "without a password" : "with a wrong password";
  try {
    const client = await openRedis(wire, password, context);
    await client.get("slipway:verify:none");
  } catch (error) {
    const said = errorText(error);
    if (!/NOAUTH|WRONGPASS|NOPERM/.test(said)) {
      throw new ToolboxError(`${how}, the connection failed, but not by a refusal: ${said}`, { cause: error });
    }
    context.note(`refused ${how}`);
    return;
  }
  throw new NotRefusedError(
    `the server answers ${how}`,
    "the server has no password: look at requirepass (or the ACL of the default user) in its configuration",
  );
}
