import { healthy, type Need, type PlanContext } from "../define.ts";
import type { EndpointSlot, Wire } from "../model.ts";
import { endpoint, secret } from "../text.ts";

/** What speaks TLS to a Redis elsewhere, for programs that speak none. */
export const redisTunnel = "redis-tunnel";

/** The secret with the authority of a Redis elsewhere. */
export const redisCaSecret = "redis-ca";

/** Whether the way to Redis leads through the tunnel. */
export function hasRedisTunnel({ values: { redis } }: PlanContext): boolean {
  return redis.mode === "external" && redis.external.tls;
}

/** The secret that clients of this platform's Redis log in with: ours, or the one that was given for a server elsewhere. */
export function redisSecret(context: PlanContext): string {
  return context.values.redis.mode === "external" ? "redis-external" : "redis";
}

/** The user that they log in as, where it is not the default one. */
export function redisUser({ values: { redis } }: PlanContext): string | undefined {
  return redis.mode === "external" && redis.external.user !== "" ? redis.external.user : undefined;
}

/** Where clients find Redis. */
export function redisAddress(context: PlanContext, field: EndpointSlot["field"]): EndpointSlot {
  return endpoint(hasRedisTunnel(context) ? `${redisTunnel}.redis` : "redis.redis", field);
}

/** What has to serve before clients reach it. */
export const redisNeeds: readonly Need[] = [
  healthy("redis", { ifPresent: true }),
  healthy(redisTunnel, { ifPresent: true }),
];

/** Proves that a service reaches Redis with its password, and that nobody does without. */
export function redisWire(context: PlanContext, { id, from }: Pick<Wire, "id" | "from">): Wire {
  const user = redisUser(context);
  return {
    id,
    from,
    to: "redis.redis",
    expectation: "a key is set, read and deleted; without the password it is refused",
    check: {
      kind: "redis",
      host: redisAddress(context, "host"),
      port: redisAddress(context, "port"),
      ...(user === undefined ? {} : { user }),
      password: secret(redisSecret(context)),
    },
  };
}
