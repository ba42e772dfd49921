/** `slipway doctor` on second instances of everything that the hub stands on: all well, and what is said when something is not. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { preparedDatabase } from "../../../toolbox/src/remedies.ts";
import type { DoctorReport } from "../../src/actions/doctor/doctor.ts";
import type { Finding } from "../../src/events/event.ts";
import { mustRun, runChild } from "../support/child.ts";
import { bucketNames, oddPassword, type OutsideWorld, startOutsideWorld } from "../support/outside-world.ts";
import { portArguments } from "../support/free-ports.ts";
import { openPlatform, type Platform, writeInto } from "../support/platform.ts";

const domain = "hub.test";

let platform: Platform;
let world: OutsideWorld;
let values: string;

beforeAll(async () => {
  platform = await openPlatform({ arguments: ["--profile", "standard"] });
  const network = `${platform.name}_app`;
  const ports = portArguments(platform.ports).filter((word) => word !== "--set");
  await mustRun("docker", ["network", "create", network]);
  world = await startOutsideWorld({ name: platform.name, folder: platform.folder, network, domain, ports });
  values = await writeInto(platform, "values.yaml", world.values);
}, 240_000);

afterAll(async () => {
  await world.dispose();
  await runChild("docker", ["network", "rm", `${platform.name}_app`]);
  await platform.dispose();
}, 60_000);

/** What doctor finds in the services, without a password in any of it. */
async function look(...sets: readonly string[]): Promise<readonly Finding[]> {
  const set = sets.flatMap((text) => ["--set", text]);
  const result = await platform.run(["doctor", "--json", "-f", values, ...set]);
  expect(result.stdout + result.stderr).not.toContain(oddPassword.slice(0, 8));
  const { findings } = JSON.parse(result.stdout) as Partial<DoctorReport>;
  if (findings === undefined) throw new Error(result.stdout);
  return findings.filter(({ id, severity }) => id === "external.services" && severity !== "ok");
}

function told(findings: readonly Finding[], component: string): string {
  return findings
    .filter((finding) => finding.component === component)
    .map(({ severity, message, remedy }) => `${severity}: ${message} -> ${remedy ?? ""}`)
    .join("\n");
}

it("finds nothing wrong with services that have all that is needed, with passwords of every kind of character", async () => {
  const findings = await look();

  expect(findings.filter(({ severity }) => severity === "failure")).toEqual([]);
  // What Debian does not package, and the server here has not loaded.
  expect(told(findings, "postgres")).toMatch(/^warning: the server does not offer the optional extension zhparser/);
});

it("the SQL that is told makes what a role needs to finish its database itself, in vain for anybody else", async () => {
  const name = "csghub_portal";
  for (const line of preparedDatabase(name, name)) {
    await world.sql(
      line.replace("'<its password>'", `E'${oddPassword.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`),
    );
  }
  const login = { host: "db", port: 5432, user: name, password: oddPassword, database: name, tls: "verify" };
  const extensions = [{ name: "pgcrypto" }, { name: "btree_gin" }, { name: "timescaledb", optional: true }];
  const databases = [{ login: { ...login, caFile: "/outside/ca.crt" }, extensions }];
  const prepared = (): Promise<string> => world.job({ kind: "postgres-prepared", databases });

  expect(JSON.parse(await prepared())).toMatchObject({
    ok: true,
    changes: [`create extension pgcrypto in ${name}`, `create extension btree_gin in ${name}`],
  });
  expect(JSON.parse(await prepared())).toMatchObject({ ok: true, changes: [] });
  await world.sql(`drop database ${name}`);
  await expect(prepared()).rejects.toThrow(`CREATE DATABASE \\"${name}\\"`);
});

describe("what is missing is told with what its administrator runs", () => {
  let findings: readonly Finding[];
  beforeAll(async () => {
    await world.sql("alter role platform nocreatedb");
    await world.sql("create database csghub_server encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0");
    await world.sql("create database csghub_portal locale_provider icu icu_locale 'en' template template0");
    await world.sql("update pg_database set datcollversion = '0.1' where datname = 'csghub_portal'");
    await world.sql("alter system set max_connections = 40");
    await world.inside("db", "rm", "/usr/share/postgresql/17/extension/hstore.control");
    await world.cache("ACL", "SETUSER", "hub", "-hset", "-eval");
    await world.cache("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
    await world.buckets(bucketNames, bucketNames.slice(1));
    await world.registryPassword("another");
    await world.sql(
      "update application set client_secret = 'x', redirect_uris = '[]' where name = 'CSGHub'",
      "casdoor",
    );
    findings = await look("gitaly.external.token=wrong", "gitaly.external.tokenFile=");
  }, 60_000);

  it("of PostgreSQL: rights, encoding, collation and an extension", () => {
    const text = told(findings, "postgres");
    expect(text).toContain(
      'platform may not make roles and databases -> the server\'s administrator runs: ALTER ROLE "platform" CREATEROLE CREATEDB;',
    );
    expect(text).toContain("failure: csghub_server is in LATIN1");
    expect(text).toContain("failure: csghub_portal was made with version 0.1 of the collation");
    expect(text).toContain(
      'REINDEX DATABASE "csghub_portal"; ALTER DATABASE "csghub_portal" REFRESH COLLATION VERSION;',
    );
    expect(text).toContain("failure: the server does not offer the extension hstore for csghub_server");
  });

  it("of Redis: commands of the user, and what it drops", () => {
    expect(told(findings, "redis")).toContain(
      "failure: hub may not run HSET, EVAL on the platform's keys -> the server's administrator runs: ACL SETUSER hub on",
    );
    expect(told(findings, "redis")).toContain("maxmemory-policy allkeys-lru");
  });

  it("of the object store: a bucket that is closed to the key", () => {
    expect(told(findings, "minio")).toMatch(
      /^failure: the bucket csghub-server belongs to somebody else, or is closed to this key \(AccessDenied\)/,
    );
    expect(told(findings, "minio")).toContain('"arn:aws:s3:::csghub-server/*"');
  });

  it("of the registry, Gitaly and Casdoor: who is let in, and what Casdoor knows of the hub", () => {
    expect(told(findings, "registry")).toMatch(/^failure: .*401/);
    expect(told(findings, "gitaly")).toMatch(/^failure: it does not take the token/);
    expect(told(findings, "casdoor")).toContain(`add to the redirect URLs of the application: https://${domain}`);
    expect(told(findings, "casdoor")).toContain("does not take the client secret");
  });
});

it("says which SQL makes what others have to make", async () => {
  const folder = join(world.folder, "roles");
  await mkdir(folder);
  for (const role of ["csghub_server", "csghub_portal", "csghub_temporal"])
    await writeFile(join(folder, role), oddPassword);
  const text = told(
    await look("postgres.external.adminPasswordFile=", `postgres.external.passwordFolder=${folder}`),
    "postgres",
  );

  for (const role of ["csghub_server", "csghub_temporal"]) {
    expect(text).toContain(`CREATE ROLE "${role}" LOGIN PASSWORD '<its password>';`);
  }
  expect(text).toContain("csghub_portal belongs to postgres, not to csghub_portal");
  expect(text).toContain('ALTER DATABASE "csghub_portal" OWNER TO "csghub_portal";');
});

it.each([
  ["the name in the certificate", "objectStore.external.endpoint=https://login:9000", "minio"],
  ["the authority", "postgres.external.caFile=", "postgres"],
])("%s is checked", async (_, set, component) => {
  expect(told(await look(set), component)).toMatch(/^failure: /);
});
