import { randomSecret, type PlanContext } from "../define.ts";
import type { Route, SecretSpec, Wire } from "../model.ts";
import { endpoint } from "../text.ts";
import { routeWire } from "./public-address.ts";

/**
 * The hub's internal API, which Gitaly's hooks and GitLab Shell ask before a push. Profiles without the hub have none: the address then
 * refuses at once, so that a push is declined cleanly instead of waiting.
 */
export const hubInternalApi = endpoint("csghub-server.http", "url", "http://127.0.0.1:9");

/** Signs the callbacks; whoever sends or answers them declares it. */
export const gitCallbackSecret: SecretSpec = randomSecret(
  "git-callback",
  "key that signs callbacks of Gitaly and GitLab Shell to the hub",
);

/**
 * The callbacks sign as Gitaly and must never be reachable from outside. A regular expression, and the first of its listener: no other that
 * matches by the end of a path comes before it.
 */
export const internalApiGuards: readonly Route[] = [
  {
    id: "internal-api",
    listener: "main",
    match: { kind: "regex", path: "^/api/[^/]+/internal(/|$)" },
    action: { kind: "deny", status: 404 },
  },
];

/** Proves that the guards stand. */
export function internalApiWire(context: PlanContext): Wire {
  return routeWire(context, "internal-api", {
    path: "/api/v4/internal/allowed",
    expectation: "internal callbacks are not reachable from outside",
    expect: { expectStatus: 404 },
  });
}
