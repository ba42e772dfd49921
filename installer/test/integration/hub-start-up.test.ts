/** The stand-in for CSGHub as programs of their own: without any service, and with a database and a Redis. */
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/model.ts";
import { startRedis, type RedisServer } from "../stand-ins/casdoor/testing/redis-server.ts";
import { hubEnvironment, portalEnvironment } from "../stand-ins/hub/testing/given.ts";
import { startChild } from "../support/child.ts";
import { profilePlan } from "../support/infra-plan.ts";
import { type PrivatePostgres, postgresObstacle, startPostgres } from "../support/private-postgres.ts";
import { describeUnless } from "../support/unless.ts";

type Environment = Readonly<Record<string, string | undefined>>;

async function run(entry: string, words: readonly string[], env: Environment) {
  const path = fileURLToPath(new URL(`../stand-ins/hub/${entry}`, import.meta.url));
  const { exitCode, stdout, stderr } = await startChild(process.execPath, [path, ...words], { env }).ended;
  return { exitCode, stdout, stderr };
}

const starhub = (line: string, env: Environment = {}) => run("main.ts", line.split(" "), { ...hubEnvironment, ...env });
const portal = (line: string, env: Environment = {}) =>
  run("portal-main.ts", line.split(" "), { ...portalEnvironment, ...env });

describe("without services", () => {
  it.each([
    ["start server", {}, 1, "Error: fail to build message queue handler: "],
    ["start rproxy", {}, 1, "Error: fail to build message queue handler: "],
    [
      "user launch",
      {},
      1,
      "Error: database initialization failed: failed to initialize database error: pinging pg database: ",
    ],
    ["user launch", { STARHUB_SERVER_API_TOKEN: "short" }, 1, "Error: API token length is less than 128, please check"],
    [
      "user launch",
      { STARHUB_DATABASE_DSN: "postgresql://u:p w@h/x" },
      2,
      "panic: parse connection string: net/url: invalid userinfo",
    ],
    [
      "user launch",
      { STARHUB_JWT_SIGNING_KEY: "signing-key" },
      1,
      "Error: STARHUB_JWT_SIGNING_KEY is what it is in every installation",
    ],
    [
      "mirror lfs-sync",
      { STARHUB_SERVER_S3_ENDPOINT: "http://s3" },
      1,
      "Error: failed to init router: Endpoint url cannot have fully qualified paths.",
    ],
    [
      "temporal-worker launch",
      { OPENCSG_AIGATEWAY_PORT: "none" },
      1,
      'strconv.ParseInt: parsing "none": invalid syntax',
    ],
    ["migration migrate", {}, 1, "Error: initializing DB connection: "],
    ["deploy runner", {}, 1, 'Error: unknown command "deploy" for "csghub-server"'],
    ["start server --config /nowhere/hub.toml", {}, 1, "Error: open /nowhere/hub.toml"],
  ])("starhub %s ends", async (line, environment, status, message) => {
    const { exitCode, stderr } = await starhub(line, environment);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(status);
  });

  it.each([
    ["start server", "Error: initializing DB: "],
    ["migration init", "Error: initializing DB connection: "],
    ["db seed", "Error: initializing DB: "],
  ])("csghub-portal %s ends", async (line, message) => {
    const { exitCode, stderr } = await portal(line);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(1);
  });
});

const obstacle = await postgresObstacle();

describeUnless(obstacle, "with a database and a Redis", () => {
  const password = "redis password";
  let postgres: PrivatePostgres;
  let redis: RedisServer;
  let stores: Environment;

  beforeAll(async () => {
    postgres = await startPostgres();
    redis = await startRedis(password);
    stores = {
      STARHUB_DATABASE_DSN: `postgresql://postgres:p@127.0.0.1:${postgres.port}/casdoor?sslmode=disable`,
      CSGHUB_PORTAL_DATABASE_DSN: `postgresql://postgres:p@127.0.0.1:${postgres.port}/casdoor?sslmode=disable`,
      STARHUB_SERVER_REDIS_ENDPOINT: `127.0.0.1:${redis.port}`,
      STARHUB_SERVER_REDIS_PASSWORD: password,
    };
  }, 60_000);

  afterAll(async () => {
    await redis.close();
    await postgres.dispose();
  });

  beforeEach(() => postgres.query("drop schema if exists public cascade; create schema public"));

  it("the tables are made once, and the platform's seed makes root an administrator", async () => {
    for (const line of ["migration init", "migration migrate", "migration init", "migration migrate"])
      expect(await starhub(line, stores)).toMatchObject({ exitCode: 0, stderr: "" });
    for (const statement of seedStatements(profilePlan("standard", ["domain=hub.test"])))
      await postgres.query(statement);
    await postgres.query("insert into users (username, name) values ('root', 'root'), ('other', 'other')");
    expect(await postgres.query("select username, role_mask from users order by 1")).toEqual([
      { username: "other", role_mask: null },
      { username: "root", role_mask: "admin" },
    ]);
    expect(await postgres.query("select name from bun_migrations group by name having count(*) > 1")).toEqual([]);
  });

  it("the tables are not made before those in which it is kept what was done", async () => {
    const { exitCode, stderr } = await starhub("migration migrate", stores);
    expect(stderr).toContain('relation "bun_migrations" does not exist');
    expect(exitCode).toBe(1);
  });

  it("a migration ends at once while another holds the lock, and leaves that one its lock", async () => {
    await holdLock(redis.port, password, "migration_migrate");
    const { exitCode, stderr } = await starhub("migration migrate", stores);
    expect(stderr).toContain("Error: acquiring lock: resource is already locked");
    expect(exitCode).toBe(1);
    expect(redis.kept.get("migration_migrate")?.text).toBe("somebody");
  });

  it("a Redis that refuses the password is as good as none", async () => {
    const wrong = { ...stores, STARHUB_SERVER_REDIS_PASSWORD: "wrong" };
    for (const [line, message] of [
      ["migration init", "Error: initializing redis: WRONGPASS"],
      ["mirror repo-sync", "Error: failed to init router: WRONGPASS"],
    ] as const) {
      const { exitCode, stderr } = await starhub(line, wrong);
      expect(stderr).toContain(message);
      expect(exitCode).toBe(1);
    }
  });

  it("without Temporal a mirror does not start", async () => {
    expect((await starhub("mirror repo-sync", stores)).stderr).toContain(
      "Error: unable to create workflow client, error: ",
    );
  });

  it("the portal seeds and serves only what was migrated", async () => {
    await portal("migration init", stores);
    for (const line of ["db seed", "start server"]) {
      const { exitCode, stderr } = await portal(line, stores);
      expect(stderr).toContain("Error: there are 1 migrations to apply");
      expect(exitCode).toBe(1);
    }
    for (const line of ["migration migrate", "migration migrate", "db seed"])
      expect(await portal(line, stores)).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

async function holdLock(port: number, password: string, name: string): Promise<void> {
  const { createClient } = await import("@redis/client");
  const client = createClient({ socket: { host: "127.0.0.1", port }, RESP: 2, disableClientInfo: true, password });
  await client.connect();
  await client.set(name, "somebody");
  client.destroy();
}

/** What the platform does in the hub's database after its tables are made. */
function seedStatements(plan: Plan): readonly string[] {
  const file = plan.jobs.find(({ id }) => id === "csghub-seed")?.container.files[0];
  if (file?.contents.kind !== "json") throw new Error("the seed has no document");
  const { steps } = file.contents.value as unknown as {
    readonly steps: readonly { readonly statements: readonly string[] }[];
  };
  return steps.flatMap(({ statements }) => statements);
}
