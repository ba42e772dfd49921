/** Where sessions go when they go to Redis. */
export interface RedisEndpoint {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly database: number;
}

/**
 * Reads `redisEndpoint` as beego's session provider does: a JSON object, or `address,pool,password,database` split at every comma.
 * @throws {Error} for JSON that lacks one of the two durations, which beego cannot do without.
 */
export function parseRedisEndpoint(text: string): RedisEndpoint {
  const trimmed = text.trim();
  return trimmed.startsWith("{") ? fromJson(trimmed) : fromWords(trimmed);
}

function fromJson(text: string): RedisEndpoint {
  const given = JSON.parse(text) as Readonly<Record<string, unknown>>;
  for (const key of ["idle_timeout", "idle_check_frequency"]) {
    const value = given[key] ?? "";
    if (typeof value !== "string" || !/^(\d+(\.\d+)?(ns|us|ms|s|m|h))+$/.test(value))
      throw new Error(`time: invalid duration ${JSON.stringify(value)}`);
  }
  const { save_path: address = "", password = "", db_num: database = 0 } = given;
  if (typeof address !== "string" || typeof password !== "string" || typeof database !== "number")
    throw new Error("json: cannot unmarshal into Go struct field Provider");
  return { ...addressOf(address), password, database };
}

function fromWords(text: string): RedisEndpoint {
  const [address = "", , password = "", database = "0"] = text.split(",");
  return { ...addressOf(address), password, database: /^\d+$/.test(database) ? Number(database) : 0 };
}

/** go-redis takes an empty address for its default. */
function addressOf(address: string): Pick<RedisEndpoint, "host" | "port"> {
  const [host, port] = (address === "" ? "localhost:6379" : address).split(/:(?=\d+$)/);
  if (host === undefined || port === undefined)
    throw new Error(`dial tcp: address ${address}: missing port in address`);
  return { host, port: Number(port) };
}
