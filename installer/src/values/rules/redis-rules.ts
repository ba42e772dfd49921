import { isIpv4 } from "../host-names.ts";
import type { Finding } from "../schema-issues.ts";
import type { Values } from "../values.generated.ts";
import { becauseOf, type Rule, wrongValue } from "./rule.ts";

/** What programs of the platform cannot do with a Redis elsewhere. */
export const redisRules: readonly Rule[] = [
  { reads: ["redis.mode", "redis.external", "casdoor.mode"], check: checkUser },
  { reads: ["redis.mode", "redis.external"], check: checkTls },
];

/** Casdoor hands Redis a password and no name. */
function checkUser({ redis, casdoor }: Values): readonly Finding[] {
  const { user } = redis.external;
  if (redis.mode !== "external" || user === "" || casdoor.mode !== "embedded") return [];
  const path = "redis.external.user";
  if (user === "default") return [];
  const wrong = "is a user that Casdoor, whose sessions are in Redis, cannot sign in as: it has no setting for a name";
  const allowed = "allowed is an empty text, for the default user, or casdoor.mode external or off";
  return [becauseOf(wrongValue(path, user, wrong, allowed), "casdoor.mode")];
}

function checkTls({ redis }: Values): readonly Finding[] {
  const { host, tls, caFile } = redis.external;
  if (redis.mode !== "external") return [];
  if (!tls && caFile !== "") {
    const wrong = "is given for a connection without TLS";
    return [
      becauseOf(
        wrongValue("redis.external.caFile", caFile, wrong, "allowed is an empty text, or tls true"),
        "redis.external.tls",
      ),
    ];
  }
  if (!tls || !isIpv4(host)) return [];
  const wrong = "is an address, and what speaks TLS to Redis checks names in certificates only";
  return [becauseOf(wrongValue("redis.external.host", host, wrong, "allowed is a host name"), "redis.external.tls")];
}
