/** The job and the check of sign-in, on the tables of the Casdoor stand-in in a real PostgreSQL; without Docker. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { WireResult } from "../../../toolbox/src/contract.ts";
import { validateJob, validateVerify } from "../../../toolbox/src/documents.ts";
import { runJob } from "../../../toolbox/src/run-job.ts";
import { verifyWires } from "../../../toolbox/src/verify-wires.ts";
import { PostgresStore } from "../stand-ins/casdoor/postgres-store.ts";
import {
  type PlatformConfiguration,
  platformConfiguration,
  redisPassword,
} from "../stand-ins/casdoor/testing/platform-configuration.ts";
import { type RedisServer, startRedis } from "../stand-ins/casdoor/testing/redis-server.ts";
import { closeStandIns, login, reply, started } from "../stand-ins/casdoor/testing/running-stand-in.ts";
import { type PrivatePostgres, postgresObstacle, startPostgres } from "../support/private-postgres.ts";
import { describeUnless } from "../support/unless.ts";

const obstacle = await postgresObstacle();

describeUnless(obstacle, "sign-in on its database", () => {
  closeStandIns();

  let postgres: PrivatePostgres;
  let redis: RedisServer;

  beforeAll(async () => {
    postgres = await startPostgres();
    redis = await startRedis(redisPassword);
  }, 60_000);

  afterAll(async () => {
    await redis.close();
    await postgres.dispose();
  });

  beforeEach(() => postgres.query("drop schema if exists public cascade; create schema public"));

  afterEach(() => expect(redis.kept.size).toBeGreaterThan(0));

  const databaseLogin = (): Readonly<Record<string, unknown>> => ({
    ...{ host: "127.0.0.1", port: postgres.port, user: "postgres", password: "none needed" },
    ...{ database: "casdoor", tls: "off" },
  });

  function configuration(sets: readonly string[] = []): PlatformConfiguration {
    return platformConfiguration(redis.port, sets);
  }

  /** Casdoor as the platform starts it. */
  async function casdoor(files: PlatformConfiguration): Promise<string> {
    const source = { host: "127.0.0.1", port: postgres.port, user: "postgres", password: "", database: "casdoor" };
    const store = new PostgresStore({ ...source, ssl: false });
    const { appConf, initData } = files;
    return (await started({ appConf, initData, store })).url;
  }

  /** The job that the platform runs at its bring-up; tells what it changed. */
  async function bootstrap(
    files: PlatformConfiguration,
    url: string,
    notes: string[] = [],
  ): Promise<readonly string[]> {
    const changes: string[] = [];
    await runJob(validateJob({ ...files.bootstrap, database: databaseLogin(), url }), {
      probe: false,
      log: () => undefined,
      note: (line) => void notes.push(line),
      change: async (line, apply) => {
        await apply();
        changes.push(line);
      },
    });
    return changes;
  }

  /** What the job would change, which it only looks for. */
  async function probe(files: PlatformConfiguration, url: string): Promise<readonly string[]> {
    const missing: string[] = [];
    await runJob(validateJob({ ...files.bootstrap, database: databaseLogin(), url }), {
      probe: true,
      log: () => undefined,
      note: () => undefined,
      change: (line) => Promise.resolve(void missing.push(line)),
    });
    return missing;
  }

  /** The platform's check, through `localhost:8000` in its configuration to where Casdoor really is. */
  async function prove(files: PlatformConfiguration, url: string): Promise<WireResult> {
    const { wires } = validateVerify({
      wires: [{ ...files.wire, database: databaseLogin(), resolve: new URL(url).host }],
    });
    const [result] = await verifyWires(
      wires,
      (line) => line,
      () => undefined,
      // A busy machine proves nothing wrong.
      { proveMs: 240_000, cleanUpMs: 60_000, settledMs: 0 },
    );
    if (result === undefined) throw new Error("no result");
    return result;
  }

  /** Everything that Casdoor keeps of sign-ins, and how often root's password was wrong. */
  async function kept(): Promise<unknown> {
    return postgres.query(
      `select (select count(*) from "user") as users, (select count(*) from token) as tokens,
       (select count(*) from session) as sessions, (select count(*) from record) as records,
       (select signin_wrong_times from "user" where name = 'root') as wrong`,
    );
  }

  it("is proved without a person's password, and nothing of it is left", async () => {
    const files = configuration();
    const url = await casdoor(files);
    await bootstrap(files, url);
    const { cookie } = await login(url, { type: "login" });
    const body = new URLSearchParams({ userOwner: "OpenCSG", userName: "root", newPassword: "Changed#Pass2" });
    await reply(await fetch(`${url}/api/set-password`, { method: "POST", headers: { cookie }, body }));
    const before = await kept();

    const results = [await prove(files, url), await prove(files, url)];

    expect(results.map(({ ok, error }) => [ok, error])).toEqual([
      [true, undefined],
      [true, undefined],
    ]);
    expect(await kept()).toEqual(before);
    expect((await login(url, { type: "login", password: "Changed#Pass2" })).body["status"]).toBe("ok");
  });

  it("is proved after a run that was killed, whose user, token and record go too", async () => {
    const files = configuration();
    const url = await casdoor(files);
    await bootstrap(files, url);
    const before = await kept();
    await postgres.query(
      `insert into "user" (owner, name, register_type) values ('OpenCSG', 'slipway-verify-0123', 'slipway-verify');
       insert into token (owner, name, organization, "user") values ('admin', 't', 'OpenCSG', 'slipway-verify-0123');
       insert into record (owner, name, request_uri) values ('', 'r', '/api/login?state=slipway-verify-0123')`,
    );

    expect(await prove(files, url)).toMatchObject({ ok: true });
    expect(await kept()).toEqual(before);
  });

  it("leaves what only looks like its own: a person's user and records that name it", async () => {
    const files = configuration();
    const url = await casdoor(files);
    await bootstrap(files, url);
    await postgres.query(
      `insert into "user" (owner, name, register_type) values ('OpenCSG', 'slipway-verify-9', 'Application Signup');
       insert into record (owner, name, request_uri) values ('', 'r', '/api/login?state=slipway-verify-9')`,
    );
    const before = await kept();

    expect(await prove(files, url)).toMatchObject({ ok: true });
    expect(await kept()).toEqual(before);
  });

  describe("what somebody changed in it", () => {
    it.each([
      ["the client's secret", "client_secret = 'other'", "may not add a user"],
      ["the redirect addresses", "redirect_uris = '[]'", "the login is refused"],
      ["the home page", "homepage_url = 'http://old'", undefined],
    ])("%s, is named by the check where it matters, and healed by the job", async (_, change, error) => {
      const files = configuration(["domain=ai.corp.example", "tls.mode=off"]);
      const url = await casdoor(files);
      await bootstrap(files, url);
      await postgres.query(`update application set ${change} where name = 'CSGHub'`);

      const broken = await prove(files, url);

      if (error !== undefined) expect(broken.error).toContain(error);
      if (!broken.ok) expect(broken.cause).toContain("slipway run casdoor-bootstrap");
      const seen = await probe(files, url);
      expect(seen).toHaveLength(1);
      expect(await probe(files, url)).toEqual(seen);
      expect(await bootstrap(files, url)).toEqual(seen);
      expect(await prove(files, url)).toMatchObject({ ok: true });
      expect(await bootstrap(files, url)).toEqual([]);
    });

    it.each([
      [
        "public profiles",
        "update organization set is_profile_public = true where name = 'OpenCSG'",
        "a user's profile is shown to strangers",
        "close the profiles of organization OpenCSG to strangers",
      ],
      [
        "open sign-up to Casdoor's own organization",
        "update application set enable_sign_up = true where name = 'app-built-in'",
        "anybody may sign up as an administrator of everything",
        "close sign-up of app-built-in",
      ],
    ])("%s, is named by the check and closed by the job", async (_, change, error, healed) => {
      const files = configuration();
      const url = await casdoor(files);
      await bootstrap(files, url);
      await postgres.query(change);

      expect(await prove(files, url)).toMatchObject({ ok: false, error });
      expect(await bootstrap(files, url)).toEqual([healed]);
      expect(await prove(files, url)).toMatchObject({ ok: true });
    });
  });

  it("keeps redirect addresses that somebody added, says so, and takes only its own from before along", async () => {
    const old = configuration(["domain=old.example"]);
    await bootstrap(old, await casdoor(old));
    const ours = (domain: string): string => `https://${domain}/api/v1/callback/casdoor`;
    const theirs = ["http://127.0.0.1:9/cb", "https://other.example/api/v1/callback/casdoor?a=1&b=2"];
    // As Go writes it, in an order of its own.
    const stored = JSON.stringify([theirs[0], ours("old.example"), theirs[1]]).replaceAll("&", "\\u0026");
    await postgres.query("update application set redirect_uris = $1 where name = 'CSGHub'", [stored]);
    const notes: string[] = [];

    const again = await bootstrap(old, await casdoor(old), notes);
    const files = configuration(["domain=new.example"]);
    const moved = await bootstrap(files, await casdoor(files), notes);

    expect(again).toEqual([]);
    expect(notes).toEqual([
      `application CSGHub keeps redirect URIs that somebody added: ${theirs.join(", ")}`,
      `application CSGHub keeps redirect URIs that somebody added: ${theirs.join(", ")}`,
    ]);
    expect(moved).toContain("set home page, redirect URIs of application CSGHub");
    const [row] = await postgres.query("select redirect_uris as kept from application where name = 'CSGHub'");
    expect(JSON.parse(String(row?.["kept"]))).toEqual([ours("new.example"), ...theirs]);
  });

  it("says which addresses it put in the place of others", async () => {
    const files = configuration(["domain=ai.corp.example"]);
    const url = await casdoor(files);
    await bootstrap(files, url);
    await postgres.query("update organization set website_url = 'https://www.corp.example' where name = 'OpenCSG'");

    expect(await bootstrap(files, url)).toEqual([
      "set the address of organization OpenCSG to https://ai.corp.example; it was https://www.corp.example",
    ]);
  });

  it("follows another domain also after a run that ended in the midst of it", async () => {
    const old = configuration(["domain=old.example"]);
    await bootstrap(old, await casdoor(old));
    const files = configuration(["domain=new.example"]);
    const url = await casdoor(files);
    await postgres.query(`alter table "user" add constraint held check (email not like '%@new.example')`);
    await expect(bootstrap(files, url)).rejects.toThrow("held");
    await postgres.query(`alter table "user" drop constraint held`);

    await bootstrap(files, url);

    const rows = await postgres.query(`select email from "user" where name = 'root'`);
    expect(rows).toEqual([{ email: "root@new.example" }]);
  });

  it("is waited for while Casdoor has too much to do, and nobody is nearer to being locked out", async () => {
    const files = configuration();
    const url = await casdoor(files);
    const answers = [429, 502];
    const busy = createServer((request, response) => {
      const status = answers.shift();
      if (status !== undefined) return void response.writeHead(status).end("<h1>Busy</h1>");
      void text(request)
        .then((body) => fetch(`${url}${request.url ?? ""}`, { method: "POST", body }))
        .then(async (answer) => response.end(await answer.text()));
    });
    await new Promise<void>((resolve) => void busy.listen(0, "127.0.0.1", resolve));

    const changes = await bootstrap(files, `http://127.0.0.1:${(busy.address() as AddressInfo).port}`);
    await new Promise((resolve) => busy.close(resolve));

    expect(answers).toEqual([]);
    expect(changes).toContain("set the password of built-in/admin");
    const rows = await postgres.query(`select signin_wrong_times as wrong from "user" where owner = 'built-in'`);
    expect(rows).toEqual([{ wrong: 0 }]);
  });

  it("follows another domain in every address that it keeps", async () => {
    const old = configuration(["domain=old.example"]);
    await bootstrap(old, await casdoor(old));
    const files = configuration(["domain=new.example"]);
    const url = await casdoor(files);

    await bootstrap(files, url);

    const rows = await postgres.query(
      `select concat_ws(' ', o.website_url, a.homepage_url, u.email, b.favicon, c.logo, d.avatar) as all
       from organization o, application a, "user" u, organization b, application c, "user" d
       where o.name = 'OpenCSG' and a.name = 'CSGHub' and u.name = 'root' and b.name = 'built-in'
       and c.name = 'app-built-in' and d.owner = 'built-in'`,
    );
    expect(rows[0]?.["all"]).toBe(
      "https://new.example https://new.example root@new.example https://casdoor.new.example/img/casbin/favicon.ico" +
        " https://casdoor.new.example/img/casdoor-logo_1185x256.png https://casdoor.new.example/img/casbin.svg",
    );
  });

  it("keeps an e-mail address and pictures that somebody chose", async () => {
    const old = configuration(["domain=old.example"]);
    await bootstrap(old, await casdoor(old));
    await postgres.query(
      `update "user" set email = 'boss@old.example' where name = 'root';
       update application set logo = 'https://cdn.example/img/own.png' where name = 'app-built-in'`,
    );
    const files = configuration(["domain=new.example"]);

    await bootstrap(files, await casdoor(files));

    const rows = await postgres.query(
      `select u.email, a.logo from "user" u, application a where u.name = 'root' and a.name = 'app-built-in'`,
    );
    expect(rows).toEqual([{ email: "boss@old.example", logo: "https://cdn.example/img/own.png" }]);
  });
});
