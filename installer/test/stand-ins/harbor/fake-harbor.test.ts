import { afterEach, describe, expect, it } from "vitest";
import { createHttp } from "../../../src/platform/http-client.ts";
import { createHarborApi } from "../../../src/registry/harbor/harbor-api.ts";
import { createHarborClient } from "../../../src/registry/harbor/harbor-client.ts";
import { createRetrier } from "../../../src/registry/retry.ts";
import { createSeededRandom, createStillClock } from "../../support/memory-ports.ts";
import { adminPassword, createFakeHarbor, type FakeHarbor } from "./create-fake-harbor.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const { signal } = new AbortController();
const basic = `Basic ${Buffer.from(`admin:${adminPassword}`).toString("base64")}`;

async function start(count = 0): Promise<FakeHarbor> {
  const projects = Array.from({ length: count }, (_, index) => ({ name: `p${index}` }));
  const harbor = await createFakeHarbor({ projects });
  closers.push(() => harbor.close());
  return harbor;
}

function clientOf(harbor: FakeHarbor) {
  const http = createHttp({ connections: 2, environment: {} });
  closers.push(() => http.close());
  const ports = { clock: createStillClock(), random: createSeededRandom() };
  const api = createHarborApi({
    host: harbor.host,
    http,
    plainHttp: true,
    idleTimeoutMs: 5000,
    credentials: { kind: "password", username: "admin", password: adminPassword },
    retrier: createRetrier(ports),
  });
  return createHarborClient(api, "admin");
}

describe("the stand-in for Harbor", () => {
  it("gives 10 rows a page unless asked, and refuses more than 100", async () => {
    const harbor = await start(30);
    const page = (query: string) =>
      fetch(`http://${harbor.host}/api/v2.0/projects${query}`, { headers: { authorization: basic } });

    const first = await page("");
    const last = await page("?page=4&page_size=10");

    expect(await first.json()).toHaveLength(10);
    expect(first.headers.get("x-total-count")).toBe("31");
    expect(first.headers.get("link")).toContain('rel="next"');
    expect(await last.json()).toHaveLength(1);
    expect((await page("?page_size=500")).status).toBe(422);
  });

  it("demands its token against forgery of those who show a session cookie", async () => {
    const harbor = await start();
    const headers = { authorization: basic, cookie: "sid=0123456789abcdef" };

    const answer = await fetch(`http://${harbor.host}/api/v2.0/projects`, {
      method: "POST",
      headers,
      body: '{"project_name":"x"}',
    });

    expect(answer.status).toBe(403);
    expect(await answer.text()).toContain("CSRF token not found");
  });

  it("answers what does not exist like what is forbidden, without saying how to sign in", async () => {
    const harbor = await start();

    const answer = await fetch(`http://${harbor.host}/v2/missing/a/manifests/1`, { headers: { authorization: basic } });

    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toBe("");
  });

  it("tells its version only to those it knows", async () => {
    const harbor = await start();
    const info = async (headers: Record<string, string>) =>
      (await (await fetch(`http://${harbor.host}/api/v2.0/systeminfo`, { headers })).json()) as object;

    expect(await info({})).not.toHaveProperty("harbor_version");
    expect(await info({ authorization: "Basic YWRtaW46d3Jvbmc=" })).not.toHaveProperty("harbor_version");
    expect(await info({ authorization: basic })).toHaveProperty("harbor_version");
  });
});

describe("the client of Harbor's API", () => {
  it("reads a list over all its pages", async () => {
    const client = clientOf(await start(230));

    expect(new Set(await client.projectNames(signal)).size).toBe(231);
  });

  it("knows that it answers", async () => {
    expect(await clientOf(await start()).ping(signal)).toBe(true);
  });

  it("keeps no cookies, so that it is not asked for the token of the pages", async () => {
    const harbor = await start();
    const client = clientOf(harbor);
    await client.systemInfo(signal);

    await client.createProject("made", undefined, signal);

    expect(harbor.state.projects.has("made")).toBe(true);
  });

  it("makes a robot account of the system for several projects", async () => {
    const harbor = await start(2);

    const made = await clientOf(harbor).createRobot(
      { name: "both", description: "", projects: ["p0", "p1"], actions: ["pull", "push"] },
      signal,
    );

    expect(made.name).toBe("robot$both");
    expect(harbor.state.robots[0]?.level).toBe("system");
    expect([...(harbor.state.robots[0]?.rights ?? [])]).toEqual(["pull p0", "push p0", "pull p1", "push p1"]);
  });

  it("does not make a robot account twice", async () => {
    const harbor = await start(1);
    const client = clientOf(harbor);
    const robot = { name: "one", description: "", projects: ["p0"], actions: ["pull"] } as const;
    await client.createRobot(robot, signal);

    await expect(client.createRobot(robot, signal)).rejects.toThrow("there is one of that name already (409)");
  });

  it("takes a project that is there already for made", async () => {
    const harbor = await start(1);

    await clientOf(harbor).createProject("p0", undefined, signal);

    expect(harbor.changes().map(({ status }) => status)).toEqual([409]);
  });
});
