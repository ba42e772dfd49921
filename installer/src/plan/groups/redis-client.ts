import type { PlanContext } from "../define.ts";
import type { Wire } from "../model.ts";
import { endpoint, secret } from "../text.ts";

/** The secret that clients of this platform's Redis log in with: ours, or the one that was given for a server elsewhere. */
export function redisSecret(context: PlanContext): string {
  return context.values.redis.mode === "external" ? "redis-external" : "redis";
}

/** Proves that a service reaches Redis with its password, and that nobody does without. */
export function redisWire(context: PlanContext, { id, from }: Pick<Wire, "id" | "from">): Wire {
  return {
    id,
    from,
    to: "redis.redis",
    expectation: "a key is set, read and deleted; without the password it is refused",
    check: {
      kind: "redis",
      host: endpoint("redis.redis", "host"),
      port: endpoint("redis.redis", "port"),
      password: secret(redisSecret(context)),
    },
  };
}
