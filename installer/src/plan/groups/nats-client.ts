import type { PlanContext } from "../define.ts";
import type { Text } from "../model.ts";
import { endpoint, secret, text } from "../text.ts";

/** The hub's programs share one login, as they share one connection string. */
const hubUser = "csghub";

/** Who the hub's programs are on NATS, and the secret with the password. */
export function natsLogin({ values }: PlanContext): { readonly user: string; readonly secret: string } {
  const { mode, external } = values.nats;
  return mode === "external" ? { user: external.user, secret: "nats-external" } : { user: hubUser, secret: "nats-hub" };
}

/** One URL with login and address, as clients of NATS take it. */
export function natsUrl(context: PlanContext): Text {
  const { user, secret: password } = natsLogin(context);
  return text`nats://${encodeURIComponent(user)}:${secret(password, { as: "url" })}@${endpoint("nats.client", "hostPort")}`;
}
