import { afterEach, describe, expect, it } from "vitest";
import { createHttp } from "../../../src/platform/http-client.ts";
import { createHarborApi } from "../../../src/registry/harbor/harbor-api.ts";
import { createHarborClient } from "../../../src/registry/harbor/harbor-client.ts";
import { createRetrier } from "../../../src/registry/retry.ts";
import { createSeededRandom, createStillClock } from "../../support/memory-ports.ts";
import { adminPassword, createFakeHarbor, type FakeHarbor, type FakeHarborOptions } from "./create-fake-harbor.ts";

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

/** What the API answers to somebody. */
async function ask(harbor: FakeHarbor, path: string, who: string, init: RequestInit = {}) {
  const authorization = `Basic ${Buffer.from(who).toString("base64")}`;
  const answer = await fetch(`http://${harbor.host}/api/v2.0${path}`, { ...init, headers: { authorization } });
  const text = await answer.text();
  return { status: answer.status, body: (text === "" ? undefined : JSON.parse(text)) as unknown };
}

async function startWith(options: FakeHarborOptions): Promise<FakeHarbor> {
  const harbor = await createFakeHarbor(options);
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

describe("what the stand-in lets robot accounts see", () => {
  const robots = [
    { name: "push", secret: "s", project: "team", rights: ["push"] },
    { name: "see", secret: "s", project: "team", rights: ["push", "project:read"] },
    { name: "system", secret: "s", project: "team", level: "system" as const, rights: ["push"] },
  ];
  const projects = [{ name: "team" }, { name: "open", public: true }];

  it.each([
    ["robot$team+push", 403],
    ["robot$system", 403],
    ["robot$team+see", 200],
  ])("%s gets %i for the project", async (name, status) => {
    const harbor = await startWith({ projects, robots });

    expect((await ask(harbor, "/projects/team", `${name}:s`)).status).toBe(status);
    expect((await ask(harbor, "/projects/team/summary", `${name}:s`)).status).toBe(status);
    expect((await ask(harbor, "/projects/open", `${name}:s`)).status).toBe(200);
  });

  it("the quota goes to members and not to robot accounts that may read the project", async () => {
    const users = { guest: { password: "s", roles: { team: "guest" as const } } };
    const harbor = await startWith({ projects, robots, users });

    expect((await ask(harbor, "/projects/team/summary", "robot$team+see:s")).body).toEqual({ repo_count: 0 });
    expect((await ask(harbor, "/projects/team/summary", "guest:s")).body).toHaveProperty("quota.hard.storage", -1);
  });

  it("a robot account is no user", async () => {
    const harbor = await startWith({ projects, robots });

    expect((await ask(harbor, "/users/current", "robot$team+push:s")).status).toBe(412);
    expect((await ask(harbor, "/users/current", `admin:${adminPassword}`)).body).toMatchObject({ sysadmin_flag: true });
  });

  it("the prefix of their names is a setting, and a second of a name is refused without it", async () => {
    const harbor = await startWith({ projects, robotPrefix: "bot_" });
    const access = [{ resource: "repository", action: "pull" }];
    const permissions = [{ kind: "project", namespace: "team", access }];
    const body = JSON.stringify({ name: "x", level: "project", duration: -1, permissions });
    const make = () => ask(harbor, "/robots", `admin:${adminPassword}`, { method: "POST", body });

    expect((await make()).body).toHaveProperty("name", "bot_team+x");
    const { id } = harbor.state.projects.get("team") ?? { id: 0 };
    expect((await make()).body).toEqual({
      errors: [{ code: "CONFLICT", message: `robot account ${id}:team+x already exists` }],
    });
  });
});

describe("what else the stand-in answers like Harbor", () => {
  it("an empty list is one, and not null", async () => {
    const harbor = await startWith({ projects: [{ name: "team" }] });

    expect((await ask(harbor, "/projects/team/immutabletagrules", `admin:${adminPassword}`)).body).toEqual([]);
  });

  it("the role of a member is in the project's document", async () => {
    const users = { dev: { password: "s", roles: { team: "developer" as const } } };
    const harbor = await startWith({ projects: [{ name: "team" }], users });

    expect((await ask(harbor, "/projects/team", "dev:s")).body).toHaveProperty("current_user_role_id", 2);
  });

  it("a tag says whether a rule holds it", async () => {
    const harbor = await startWith({ projects: [{ name: "team" }] });
    harbor.state.store.addManifest("team/a/b", Buffer.from("{}"), "application/json", "1");
    harbor.state.store.addManifest("team/a/b", Buffer.from("{}"), "application/json", "dev");
    harbor.state.projects.get("team")?.rules.push({
      id: 1,
      scope_selectors: { repository: [{ decoration: "repoMatches", pattern: "a/**" }] },
      tag_selectors: [{ decoration: "excludes", pattern: "dev" }],
    });
    const path = "/projects/team/repositories/a%252Fb/artifacts/1/tags?with_immutable_status=true";

    expect((await ask(harbor, path, `admin:${adminPassword}`)).body).toEqual([
      { name: "1", immutable: true },
      { name: "dev", immutable: false },
    ]);
  });

  it.each([
    ["developer", [201, 403, 200, 403]],
    ["maintainer", [201, 201, 200, 403]],
    ["projectAdmin", [201, 201, 200, 201]],
    ["guest", [403, 403, 200, 403]],
  ] as const)(
    "a %s may set retention, set rules, list robot accounts and make one, as answered by %j",
    async (role, statuses) => {
      const harbor = await startWith({
        projects: [{ name: "team" }],
        users: { me: { password: "s", roles: { team: role } } },
      });
      const ref = harbor.state.projects.get("team")?.id ?? 0;
      const post = (path: string, body: unknown) =>
        ask(harbor, path, "me:s", { method: "POST", body: JSON.stringify(body) });
      const trigger = { kind: "Schedule", settings: { cron: "0 0 2 * * *" } };
      const permissions = [
        { kind: "project", namespace: "team", access: [{ resource: "repository", action: "pull" }] },
      ];

      const answers = [
        await post("/retentions", { algorithm: "or", scope: { level: "project", ref }, trigger }),
        await post("/projects/team/immutabletagrules", { action: "immutable", template: "immutable_template" }),
        await ask(harbor, `/robots?q=${encodeURIComponent(`Level=project,ProjectID=${ref}`)}`, "me:s"),
        await post("/robots", { name: "pull", level: "project", duration: -1, permissions }),
      ];

      expect(answers.map(({ status }) => status)).toEqual(statuses);
    },
  );

  it("a robot account that has ended is nobody", async () => {
    const harbor = await startWith({
      projects: [{ name: "team" }],
      robots: [{ name: "ci", secret: "s", project: "team", rights: ["push"] }],
    });
    const [robot] = harbor.state.robots;
    const isKnown = async () =>
      JSON.stringify(await ask(harbor, "/systeminfo", "robot$team+ci:s")).includes("harbor_version");

    const before = await isKnown();
    if (robot !== undefined) harbor.state.robots.splice(0, 1, { ...robot, expiresAt: 1 });

    expect([before, await isKnown()]).toEqual([true, false]);
  });

  it("a limit that an ordinary user gives a project is ignored in silence", async () => {
    const harbor = await startWith({ users: { dev: { password: "s" } }, projectCreation: "everyone" });
    const body = JSON.stringify({ project_name: "mine", storage_limit: 1000 });

    expect((await ask(harbor, "/projects", "dev:s", { method: "POST", body })).status).toBe(201);
    expect(harbor.state.projects.get("mine")?.hard).toBe(-1);
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

  it("gives a token that belongs to nobody and does nothing for a wrong password, and none where no scope is asked for", async () => {
    const harbor = await start(1);
    const ask = (password: string, query: string) =>
      fetch(`http://${harbor.host}/service/token?service=harbor-registry${query}`, {
        headers: { authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` },
      });
    const claimsOf = async (password: string) => {
      const { token } = (await (await ask(password, "&scope=repository:p0/a:pull,push")).json()) as { token: string };
      return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as unknown;
    };

    const entry = { type: "repository", name: "p0/a" };
    expect(await claimsOf(adminPassword)).toMatchObject({
      sub: "admin",
      access: [{ ...entry, actions: ["pull", "push"] }],
    });
    const powerless = await claimsOf("guess");
    expect(powerless).toMatchObject({ access: [{ ...entry, actions: [] }] });
    expect(powerless).not.toHaveProperty("sub");
    expect((await ask("guess", "")).status).toBe(401);
    expect((await ask(adminPassword, "")).status).toBe(200);
  });

  it("takes its time over the password of a user, and none over the secret of a robot", async () => {
    const harbor = await createFakeHarbor({ passwordMs: 60_000 });
    closers.push(() => harbor.close());
    const ask = (credentials: string) => {
      const authorization = `Basic ${Buffer.from(credentials).toString("base64")}`;
      return fetch(`http://${harbor.host}/api/v2.0/systeminfo`, { headers: { authorization } });
    };

    const first = await Promise.race([
      ask(`admin:${adminPassword}`).then(
        () => "user",
        () => "nobody",
      ),
      ask("robot$pull:secret").then(() => "robot"),
    ]);

    expect(first).toBe("robot");
    expect(harbor.passwords()).toHaveLength(2);
  });

  it("makes a robot account of the system for several projects", async () => {
    const harbor = await start(2);

    const made = await clientOf(harbor).createRobot(
      { name: "both", description: "", projects: ["p0", "p1"], actions: ["pull", "push"] },
      signal,
    );

    expect(made).toHaveProperty("name", "robot$both");
    expect(harbor.state.robots[0]?.level).toBe("system");
    expect([...(harbor.state.robots[0]?.rights ?? [])]).toEqual(["pull p0", "push p0", "pull p1", "push p1"]);
  });

  it("does not make a robot account twice", async () => {
    const harbor = await start(1);
    const client = clientOf(harbor);
    const robot = { name: "one", description: "", projects: ["p0"], actions: ["pull"] } as const;
    await client.createRobot(robot, signal);

    expect(await client.createRobot(robot, signal)).toBe("there already");
  });

  it("takes a project that is there already for made", async () => {
    const harbor = await start(1);

    await clientOf(harbor).createProject("p0", undefined, signal);

    expect(harbor.changes().map(({ status }) => status)).toEqual([409]);
  });
});
