import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { renderCompose } from "../../render/compose/render-compose.ts";
import { renderedFileToString } from "../../render/rendered-file.ts";
import type { ConsoleKind } from "../console.ts";
import type { Component, Job, Plan } from "../model.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-console-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function consoleOf(plan: Plan, kind: ConsoleKind): { readonly component: Component; readonly job: Job } {
  const component = plan.components.find((row) => row.console?.kind === kind);
  const job = plan.jobs.find((row) => row.id === component?.console?.job);
  if (component === undefined || job === undefined) throw new Error(`no console of ${kind}`);
  return { component, job };
}

/** The text of the one file that a console reads, with secrets as slots. */
function fileOf(plan: Plan, kind: ConsoleKind): string {
  const { job } = consoleOf(plan, kind);
  const path = `files/${job.id}${job.container.files[0]?.path ?? ""}`;
  const file = renderCompose(plan).files.find((row) => row.path === path);
  if (file === undefined) throw new Error(`no file ${path}`);
  return renderedFileToString(file);
}

/** Runs a console's program on this machine, with a stand-in for what it starts that says how it was started. */
function start(job: Job, file: string, args: readonly string[], refusals = 0): readonly string[] {
  const path = job.container.files[0]?.path ?? "";
  writeFileSync(join(folder, "file"), file);
  for (const name of ["psql", "valkey-cli"]) {
    const script = '#!/bin/sh\nprintf "%s\\n" "$PGSERVICE$REDISCLI_AUTH" "$@"\n';
    writeFileSync(join(folder, name), script, { mode: 0o755 });
  }
  const refused = join(folder, "refused");
  const probe = `#!/bin/sh\necho "$@" >>${refused}\n[ $(wc -l <${refused}) -gt ${refusals} ]\n`;
  writeFileSync(join(folder, "probe"), probe, { mode: 0o755 });
  const [program = "", ...words] = (job.container.entrypoint ?? [])
    .slice(3)
    .map((word) => word.replaceAll(path, join(folder, "file")));
  const env = Object.fromEntries(
    job.container.env.map(({ name, value }) => [name, typeof value[0] === "string" ? value[0] : ""]),
  );
  const result = spawnSync(program, [...words, ...args], {
    encoding: "utf8",
    env: { ...env, PATH: `${folder}:${process.env["PATH"] ?? ""}` },
  });
  expect(result.stderr).toBe("");
  return result.stdout.trimEnd().split("\n");
}

describe("the console of databases", () => {
  it("signs in as the administrator first, or as the owner of a database, by a service of that name", () => {
    const { component, job } = consoleOf(infraPlan(), "sql");
    const services = [...fileOf(infraPlan(), "sql").matchAll(/^\[(.*)\]$/gm)].map(([, name]) => name);

    expect(component.console?.logins).toEqual(services);
    expect(services.slice(0, 2)).toEqual(["postgres", "csghub_temporal"]);
    expect(new Set(services).size).toBe(services.length);
    expect(start(job, "", ["csghub_server", "hub db", "-c", "select 1 ;"])).toEqual([
      "csghub_server",
      "hub db",
      "-c",
      "select 1 ;",
    ]);
  });

  it("stands in the database of the role, of several the first", () => {
    const [, second = ""] = fileOf(infraPlan(), "sql").split("\n\n");

    expect(second.split("\n")).toEqual([
      "[csghub_temporal]",
      "host=postgres",
      "port=5432",
      "user=csghub_temporal",
      "password=${secret:pg-temporal}",
      "dbname=csghub_temporal",
      "sslmode=disable",
      "application_name=slipway-psql",
    ]);
  });

  it.each<readonly [string, readonly string[], readonly string[]]>([
    ["without TLS", ["sslMode=disable"], ["sslmode=disable"]],
    ["with TLS that nobody checks", ["sslMode=require"], ["sslmode=require"]],
    ["with the system's authorities", ["sslMode=verify-ca"], ["sslmode=verify-full", "sslrootcert=system"]],
    [
      "with an authority of its own",
      ["sslMode=verify-ca", "caFile=/ca.pem"],
      ["sslmode=verify-ca", "sslrootcert=/run/slipway/postgres-ca.crt"],
    ],
  ])("works on an external server %s", (_, sets, lines) => {
    const plan = infraPlan([
      "postgres.mode=external",
      ...["host=db.corp", "adminUser=root", "adminPassword=x", ...sets].map((set) => `postgres.external.${set}`),
    ]);
    const [admin = ""] = fileOf(plan, "sql").split("\n\n");
    const { job } = consoleOf(plan, "sql");

    expect(admin.split("\n").slice(0, 5)).toEqual([
      "[root]",
      "host=db.corp",
      "port=5432",
      "user=root",
      "password=${secret:postgres-external}",
    ]);
    expect(admin.split("\n").filter((line) => line.startsWith("ssl"))).toEqual(lines);
    expect(job.container.files).toHaveLength(sets.length === 2 ? 2 : 1);
    expect(job.reaches).toEqual(["postgres.sql"]);
  });

  it("has no administrator where others made the roles", () => {
    const plan = infraPlan([
      "postgres.mode=external",
      ...["host=db.corp", "passwordFolder=/etc/pg"].map((set) => `postgres.external.${set}`),
    ]);

    expect(fileOf(plan, "sql")).toMatch(/^\[csghub_temporal\]/);
    expect(consoleOf(plan, "sql").component.console?.logins[0]).toBe("csghub_temporal");
  });
});

it.each<ConsoleKind>(["sql", "key-value"])("the console of %s waits until its server can be reached", (kind) => {
  const { job } = consoleOf(infraPlan(), kind);
  const said = start(job, "x", ["default", "last"], 2);
  const asked = readFileSync(join(folder, "refused"), "utf8").trimEnd().split("\n");

  expect(said.at(-1)).toBe("last");
  expect(asked).toHaveLength(3);
  expect(asked[0]).toMatch(/^tcp /);
});

describe("the console of the cache", () => {
  it.each(["p'a$s \"w\\ord", "ends with a blank "])("hands the password %j over unseen", (password) => {
    const { job } = consoleOf(infraPlan(), "key-value");
    const [auth, ...args] = start(job, password, ["default", "get", "a key"]);

    expect(auth).toBe(password);
    expect(args.slice(0, 1).concat(args.slice(2, 3), args.slice(4))).toEqual(["-h", "-p", "get", "a key"]);
    expect(args).not.toContain(password);
  });

  it("works on an external server", () => {
    const plan = infraPlan(["redis.mode=external", "redis.external.host=cache.corp", "redis.external.password=x"]);

    expect(fileOf(plan, "key-value")).toBe("${secret:redis-external}");
    expect(consoleOf(plan, "key-value").job.reaches).toEqual(["redis.redis"]);
  });
});

describe("the console of buckets", () => {
  it("knows the administrator's key, and one of each service", () => {
    const document = JSON.parse(fileOf(infraPlan(), "objects")) as { readonly keys: readonly { accessKey: string }[] };

    expect(consoleOf(infraPlan(), "objects").component.console?.logins).toEqual(
      document.keys.map(({ accessKey }) => accessKey),
    );
    expect(document.keys[0]?.accessKey).toBe("slipway-root");
    expect(document.keys.length).toBeGreaterThan(2);
  });

  it("works on an external store with the key that was given", () => {
    const external = ["endpoint=https://s3.corp", "accessKey=k", "secretKey=s"];
    const plan = infraPlan(["objectStore.mode=external", ...external.map((set) => `objectStore.external.${set}`)]);

    expect(JSON.parse(fileOf(plan, "objects"))).toMatchObject({
      endpoint: "https://s3.corp:443",
      keys: [{ accessKey: "k", secretKey: "${secret:s3-external|quoted}" }],
    });
  });
});

it("no console holds a secret in arguments or environment, and none of its output is logged", () => {
  const plan = infraPlan();
  const compose = renderCompose(plan).files[0];
  const text = compose === undefined ? "" : renderedFileToString(compose);
  for (const { console } of plan.components) {
    if (console === undefined) continue;
    const service = text.split(`\n  ${console.job}:\n`)[1]?.split(/\n {2}\S/)[0] ?? "";

    expect(service).not.toContain("${secret:");
    expect(service).toMatch(/logging:\n {6}driver: none\n/);
  }
});
