/** Sign-in at the stand-in for CSGHub, with the stand-in for Casdoor and a database. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, it } from "vitest";
import { connectPostgres } from "../../../toolbox/src/postgres-client.ts";
import { selfSigned } from "../stand-ins/casdoor/self-signed.ts";
import { closeStandIns, login, pair, secret, started } from "../stand-ins/casdoor/testing/running-stand-in.ts";
import { signHmacToken } from "../stand-ins/hub/hmac-token.ts";
import type { Exchange } from "../stand-ins/hub/http.ts";
import { initialise, migrate, serverMigrations } from "../stand-ins/hub/migrations.ts";
import { dsnOf } from "../stand-ins/hub/reach.ts";
import { serverRoutes } from "../stand-ins/hub/server-routes.ts";
import { serverSettings } from "../stand-ins/hub/server-settings.ts";
import { readSettings, type Settings } from "../stand-ins/hub/settings.ts";
import { answerCallback } from "../stand-ins/hub/sign-in.ts";
import { hubEnvironment } from "../stand-ins/hub/testing/given.ts";
import { type PrivatePostgres, postgresObstacle, startPostgres } from "../support/private-postgres.ts";
import { describeUnless } from "../support/unless.ts";

const obstacle = await postgresObstacle();

describeUnless(obstacle, "sign-in at the hub", () => {
  closeStandIns();

  let postgres: PrivatePostgres;
  let folder: string;
  let url: string;

  beforeAll(async () => {
    postgres = await startPostgres();
    folder = await mkdtemp(join(tmpdir(), "slipway-hub-"));
    await writeFile(join(folder, "own.crt"), pair.certificate);
    await writeFile(join(folder, "other.crt"), (await selfSigned("other", 1, new Date())).certificate);
  }, 60_000);

  afterAll(async () => {
    await postgres.dispose();
    await rm(folder, { recursive: true });
  });

  beforeEach(async () => {
    await postgres.query("drop schema if exists public cascade; create schema public");
    const client = await connectPostgres(dsnOf(settings()));
    await initialise(client);
    await migrate(client, serverMigrations);
    await client.end();
    url = (await started()).url;
  });

  function settings(changes: Readonly<Record<string, string>> = {}): Settings {
    return readSettings(serverSettings, {
      ...hubEnvironment,
      STARHUB_DATABASE_DSN: `postgresql://postgres:p@127.0.0.1:${postgres.port}/casdoor?sslmode=disable`,
      STARHUB_SERVER_CASDOOR_ENDPOINT: url,
      STARHUB_SERVER_CASDOOR_CLIENT_ID: "hub",
      STARHUB_SERVER_CASDOOR_CLIENT_SECRET: secret,
      STARHUB_SERVER_CASDOOR_CERTIFICATE: join(folder, "own.crt"),
      STARHUB_SERVER_FAIL_REDIRECT_URL: "http://hub.test/failed",
      OPENCSG_USER_SERVER_SIGNIN_SUCCESS_REDIRECT_URL: "http://hub.test/server/callback",
      ...changes,
    });
  }

  async function newCode(): Promise<string> {
    return String((await login(url)).body["data"]);
  }

  function get(path: string, headers: Readonly<Record<string, string>> = {}): Exchange {
    return { method: "GET", url: new URL(path, "http://hub.test"), headers };
  }

  async function targetOf(code: string, state: string, changes: Readonly<Record<string, string>> = {}): Promise<URL> {
    const query = new URLSearchParams({ code, state }).toString();
    const { status, headers } = await answerCallback(get(`/api/v1/callback/casdoor?${query}`), settings(changes), {});
    expect(status).toBe(302);
    return new URL(headers["Location"] ?? "");
  }

  it("leads back with a token that opens what is one's own, and nothing else", async () => {
    const target = await targetOf(await newCode(), "casdoor");
    expect(target.href).toMatch(/^http:\/\/hub\.test\/server\/callback\?jwt=ey/);
    const authorization = `Bearer ${target.searchParams.get("jwt") ?? ""}`;
    const ask = async (path: string, headers = { authorization }): Promise<number | undefined> => {
      for (const route of serverRoutes(settings())) {
        const answer = await route(get(path, headers));
        if (answer !== undefined) return answer.status;
      }
      return undefined;
    };
    expect(await ask("/api/v1/user/root/tokens")).toBe(200);
    expect(await ask("/api/v1/user/other/tokens")).toBe(403);
    expect(await ask("/api/v1/user/root/tokens", { authorization: "Bearer forged" })).toBe(401);
    expect(await postgres.query("select username, email, reg_provider from users")).toEqual([
      { username: "root", email: "root@hub.test", reg_provider: "casdoor" },
    ]);
  });

  it("makes tokens and takes keys of who is signed in, which GitLab Shell finds, and of nobody else", async () => {
    const jwt = (await targetOf(await newCode(), "casdoor")).searchParams.get("jwt") ?? "";
    const bearer = { authorization: `Bearer ${jwt}` };
    const callback = {
      authorization: `Bearer ${signHmacToken({}, settings().text("STARHUB_SERVER_GITALY_JWT_SECRET"))}`,
    };
    const ask = async (exchange: Exchange): Promise<{ readonly status: number; readonly body: string }> => {
      for (const route of serverRoutes(settings())) {
        const answer = await route(exchange);
        if (answer !== undefined) return { status: answer.status, body: String(answer.body) };
      }
      return { status: 404, body: "" };
    };
    const post = (path: string, body: object, headers = {}): Exchange => ({
      ...get(path, headers),
      method: "POST",
      body: Buffer.from(JSON.stringify(body)),
    });
    const key = { name: "laptop", content: "ssh-ed25519 AAAAC3Nz root@laptop" };

    const made = await ask(post("/api/v1/token/git/laptop", {}, bearer));
    const { token } = (JSON.parse(made.body) as { readonly data: { readonly token: string } }).data;
    const listed = await ask(get("/api/v1/user/root/tokens", bearer));
    const added = await ask(post("/api/v1/user/root/ssh_keys", key, { authorization: `Bearer ${token}` }));
    const found = await ask(get("/api/v4/internal/authorized_keys?key=AAAAC3Nz", callback));

    expect([made.status, added.status, found.status]).toEqual([200, 200, 200]);
    expect(listed.body).toContain(token);
    expect(JSON.parse(found.body)).toEqual({ id: 1, key: key.content });
    expect((await ask(get("/api/v4/internal/authorized_keys?key=AAAAother", callback))).status).toBe(404);
    expect((await ask(post("/api/v1/token/git/laptop", {}))).status).toBe(401);
    expect((await ask(post("/api/v1/user/ada/ssh_keys", key, bearer))).status).toBe(403);
    const stranger = { project: "models/root/none.git", action: "git-upload-pack", key_id: "1" };
    expect((await ask(post("/api/v4/internal/allowed", stranger, callback))).status).toBe(404);
  });

  it.each([
    ["a code that was used", {}, "invalid_grant"],
    ["a wrong secret", { STARHUB_SERVER_CASDOOR_CLIENT_SECRET: "wrong" }, "invalid_client"],
    ["the certificate of another", { STARHUB_SERVER_CASDOOR_CERTIFICATE: "other.crt" }, "verification error"],
    ["a Casdoor that is not there", { STARHUB_SERVER_CASDOOR_ENDPOINT: "http://127.0.0.1:1" }, "ECONNREFUSED"],
  ])("%s leads to the page of failures", async (name, changes, message) => {
    const code = await newCode();
    if (name.includes("used")) await targetOf(code, "casdoor");
    const { STARHUB_SERVER_CASDOOR_CERTIFICATE: certificate } = changes as Readonly<Record<string, string>>;
    const path = certificate === undefined ? {} : { STARHUB_SERVER_CASDOOR_CERTIFICATE: join(folder, certificate) };
    const target = await targetOf(code, "casdoor", { ...changes, ...path });
    expect(target.href).toMatch(/^http:\/\/hub\.test\/failed\?error_code=500/);
    expect(target.searchParams.get("error_message")).toContain(message);
    expect(target.href).not.toContain("jwt");
  });
});
