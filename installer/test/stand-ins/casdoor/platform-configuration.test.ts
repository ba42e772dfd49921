/** What the platform gives Casdoor, seen in what Casdoor makes of it. */
import { afterEach, describe, expect, it } from "vitest";
import { infraPlan } from "../../support/infra-plan.ts";
import { platformConfiguration, redisPassword } from "./testing/platform-configuration.ts";
import { startRedis, type RedisServer } from "./testing/redis-server.ts";
import { closeStandIns, login, reply, started } from "./testing/running-stand-in.ts";

closeStandIns();

const servers: RedisServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** Casdoor with the platform's own files, and a Redis elsewhere whose password has a comma and quotes. */
async function platform(sets: readonly string[] = []) {
  const redis = await startRedis(redisPassword);
  servers.push(redis);
  const files = platformConfiguration(redis.port, sets);
  return { redis, ...(await started({ appConf: files.appConf, initData: files.initData })) };
}

async function configOf(url: string): Promise<Readonly<Record<string, unknown>>> {
  const cookies = (await fetch(`${url}/`)).headers.getSetCookie();
  const cookie = cookies.find((text) => text.startsWith("jsonWebConfig=")) ?? "";
  return JSON.parse(/^jsonWebConfig=(.*); Path=\/$/.exec(cookie)?.[1] ?? "{}") as Readonly<Record<string, unknown>>;
}

describe("Casdoor with the platform's own configuration", () => {
  it("keeps sessions in Redis and nothing on its own disk", async () => {
    const { url, redis, sessionFiles } = await platform();

    const { body, cookie } = await login(url, { type: "login" });

    expect(body["status"]).toBe("ok");
    expect((await reply(await fetch(`${url}/api/get-account`, { headers: { cookie } }))).body["name"]).toBe("root");
    expect(redis.kept.size).toBeGreaterThan(0);
    expect(sessionFiles()).toEqual([]);
  });

  it("shows nobody's profile to strangers", async () => {
    const { url } = await platform();

    const { body } = await reply(await fetch(`${url}/api/get-user?id=OpenCSG/root`));

    expect(body).toMatchObject({ status: "error", msg: "Please login first", data: null });
  });

  it("opens the form that the platform's people sign in at, from its root and from the platform's link", async () => {
    const { url } = await platform(["casdoor.organization=Corp"]);
    const link = infraPlan(["casdoor.organization=Corp"]).components.find(({ id }) => id === "casdoor")?.links[0]?.url;

    const { pathname } = new URL(link ?? "");
    const organization = /^\/login\/(.+)$/.exec(pathname)?.[1] ?? "";
    const form = await reply(await fetch(`${url}/api/get-default-application?id=admin/${organization}`));

    expect(form.body["data"]).toMatchObject({ name: "CSGHub", organization: "Corp" });
    expect(await configOf(url)).toMatchObject({ defaultApplication: "CSGHub" });
  });

  it("speaks the language of the values, and asks nothing outside", async () => {
    expect(await configOf((await platform()).url)).toMatchObject({ forceLanguage: "zh", aiAssistantUrl: "" });
    expect(await configOf((await platform(["casdoor.language=en"])).url)).toMatchObject({ forceLanguage: "en" });
  });

  it("starts with the longest domain that is allowed", async () => {
    const domain = `${"a".repeat(60)}.${"b".repeat(31)}`;

    const { store } = await platform([`domain=${domain}`]);

    const organization = (await store.get("organization", "admin", "OpenCSG"))!;
    expect((organization as unknown as { websiteUrl: string }).websiteUrl).toHaveLength(100);
  });
});
