import { afterEach, describe, expect, it } from "vitest";
import { parseRedisEndpoint } from "./redis-endpoint.ts";
import { closeStandIns, login, reply, started } from "./testing/running-stand-in.ts";
import { type RedisServer, startRedis } from "./testing/redis-server.ts";

closeStandIns();

const servers: RedisServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

async function redis(): Promise<RedisServer> {
  const server = await startRedis("p,w");
  servers.push(server);
  return server;
}

function endpointOf(port: number, password = "p,w"): string {
  return JSON.stringify({
    save_path: `127.0.0.1:${port}`,
    poolsize: 10,
    password,
    db_num: 0,
    idle_timeout: "180s",
    idle_check_frequency: "60s",
  });
}

async function nameOfAccount(url: string, cookie: string): Promise<unknown> {
  return (await reply(await fetch(`${url}/api/get-account`, { headers: { cookie } }))).body["name"];
}

describe("sessions in files", () => {
  it("take a block of the disk for each request without a cookie that is not for a page, none with one", async () => {
    const { url, sessionFiles } = await started();

    const { cookie } = await reply(await fetch(`${url}/api/health`));
    await fetch(`${url}/api/health`, { headers: { cookie } });
    await fetch(`${url}/login`);

    expect(sessionFiles().filter((size) => size > 0)).toHaveLength(1);
    expect(sessionFiles()).toHaveLength(2);
  });

  it("are forgotten on a full disk, while every answer is well", async () => {
    const { url } = await started({ diskFull: true });

    const signedIn = await login(url, { type: "login" });

    expect(signedIn.body["status"]).toBe("ok");
    expect(await nameOfAccount(url, signedIn.cookie)).toBe("");
    expect((await fetch(`${url}/api/health`)).status).toBe(200);
  });

  it("have a cookie that lives as long as app.conf says, a month unless it says so", async () => {
    const clock = { now: new Date("2026-01-01T00:00:00Z") };
    const cookieOf = async (conf: Readonly<Record<string, string>>): Promise<string | undefined> =>
      (await fetch(`${(await started({ conf, clock })).url}/api/health`)).headers.getSetCookie()[0];

    expect(await cookieOf({ sessionCookieLifeTime: "3600" })).toMatch(
      /^casdoor_session_id=[0-9a-f]{32}; Path=\/; Expires=Thu, 01 Jan 2026 01:00:00 GMT; Max-Age=3600; HttpOnly$/,
    );
    expect(await cookieOf({})).toContain("Max-Age=2592000;");
  });
});

describe("sessions in Redis", () => {
  it("are shared by all that read the same, live as long as the cookie, and leave no file", async () => {
    const { port, kept } = await redis();
    const conf = { redisEndpoint: endpointOf(port), sessionCookieLifeTime: "3600" };
    const one = await started({ conf });
    const other = await started({ conf, store: one.store });

    const signedIn = await login(one.url, { type: "login" });

    expect(await nameOfAccount(other.url, signedIn.cookie)).toBe("root");
    expect([...kept.values()].map(({ seconds }) => seconds)).toEqual([3600]);
    expect(one.sessionFiles()).toEqual([]);
  });

  it("are not made for a page", async () => {
    const { port, kept } = await redis();
    const { url } = await started({ conf: { redisEndpoint: endpointOf(port) } });

    await fetch(`${url}/login`);

    expect(kept.size).toBe(0);
  });

  it("must be reachable at the start, with the right password", async () => {
    const { port } = await redis();

    await expect(started({ conf: { redisEndpoint: endpointOf(port, "wrong") } })).rejects.toThrow("WRONGPASS");
    await expect(started({ conf: { redisEndpoint: "127.0.0.1:1,10,p" } })).rejects.toThrow("ECONNREFUSED");
  });

  it("answer 503 while Redis is gone", async () => {
    const server = await startRedis("p,w");
    const { url } = await started({ conf: { redisEndpoint: endpointOf(server.port) } });
    const { cookie } = await reply(await fetch(`${url}/api/health`));

    await server.close();

    expect((await fetch(`${url}/api/health`, { headers: { cookie } })).status).toBe(503);
  });
});

describe("redisEndpoint", () => {
  it("is JSON, or split at every comma, also within a password", () => {
    expect(parseRedisEndpoint(endpointOf(6379))).toEqual({
      host: "127.0.0.1",
      port: 6379,
      password: "p,w",
      database: 0,
    });
    expect(parseRedisEndpoint("redis:6379,100,p,w")).toEqual({ host: "redis", port: 6379, password: "p", database: 0 });
    expect(parseRedisEndpoint("redis:6379,100,pw,3").database).toBe(3);
  });

  it("is refused as JSON without its durations", () => {
    expect(() => parseRedisEndpoint('{"save_path":"redis:6379"}')).toThrow('time: invalid duration ""');
  });
});
