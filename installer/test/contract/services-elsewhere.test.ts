/** The hub on services of one's own, each alone and all at once: what its programs are told, and what is no longer run. */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, it } from "vitest";
import { downloadPolicy, keyPolicy, preparedDatabase, redisUserLine } from "../../../toolbox/src/remedies.ts";
import type { Plan } from "../../src/plan/model.ts";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { profilePlan } from "../support/infra-plan.ts";
import { templatePlan } from "./helm.ts";
import { contract, type ContractRow } from "./hub-wiring/contract.ts";
import { servicesElsewhere } from "./hub-wiring/elsewhere.ts";
import { readSettings, settingsPath } from "./hub-wiring/read-settings.ts";
import { composeOutput, composeUnits } from "./parity/parity-compose.ts";
import { helmUnits } from "./parity/parity-helm.ts";
import type { ParityUnit, ParityUnits } from "./parity/parity-unit.ts";

const domain = ["domain=platform.example.org"];
const usualPlan = profilePlan("standard", domain);
const usualSecrets = new Set(usualPlan.secrets.map(({ name }) => name));
const usual = composeUnits(composeOutput(renderCompose(usualPlan)));
const programs = [...usual]
  .filter(([, { files, form }]) => form === "service" && settingsPath in files)
  .map(([id]) => id);

function rowsOf(program: string): readonly ContractRow[] {
  return contract.filter(({ programs: named }) => named === "every" || named.includes(program.replace("csghub-", "")));
}

/** Everything that a program is told, by the names of the contract; secrets from its file. */
function toldTo(program: string, { env, files }: ParityUnit): Readonly<Record<string, string>> {
  const settings = readSettings(files[settingsPath] ?? "");
  const ofFile = rowsOf(program).flatMap(({ variable, key }) =>
    key === undefined ? [] : [[variable, settings.get(key)]],
  );
  return { ...env, ...(Object.fromEntries(ofFile) as Record<string, string>) };
}

function unitOf(units: ParityUnits, id: string): ParityUnit {
  const unit = units.get(id);
  if (unit === undefined) throw new RangeError(`nothing is rendered for ${id}`);
  return unit;
}

describe.each(servicesElsewhere.map((row) => [row.service, row] as const))("%s", (_, row) => {
  const plan = profilePlan("standard", domain, row.values);
  const compose = composeUnits(composeOutput(renderCompose(plan)));

  it("is told to each program that uses it, and nothing else changes", () => {
    for (const program of programs) {
      const before = toldTo(program, unitOf(usual, program));
      const added = Object.entries(row.added ?? {}).filter(([, { like }]) => like in before);
      expect({ program, ...toldTo(program, unitOf(compose, program)) }).toEqual({
        program,
        ...before,
        ...Object.fromEntries(Object.entries(row.told).filter(([variable]) => variable in before)),
        ...Object.fromEntries(added.map(([variable, { value }]) => [variable, value])),
      });
    }
  });

  it("is told to the portal, and nothing else changes", () => {
    const portal = unitOf(compose, "csghub-portal");
    expect(portal.env).toEqual({ ...unitOf(usual, "csghub-portal").env, ...row.portal });
    for (const line of row.portalLines ?? []) expect(portal.files["/run/slipway/portal.env"]).toContain(line);
  });

  it("brings what programs check it with", () => {
    for (const [path, contents] of Object.entries(row.files ?? {})) {
      const readers = programs.filter((program) =>
        Object.values(toldTo(program, unitOf(compose, program))).some(
          (value) => value === path || value.includes(encodeURIComponent(path)),
        ),
      );
      expect(readers.length).toBeGreaterThan(0);
      for (const program of readers) expect(unitOf(compose, program).files[path]).toBe(contents);
    }
  });

  it("runs nothing in its place, makes no secret for it and waits for nothing that is not there", () => {
    expect(row.gone.filter((id) => !usual.has(id) || compose.has(id))).toEqual([]);
    const secrets = new Map(plan.secrets.map(({ name, generator }) => [name, generator.kind]));
    expect(row.goneSecrets.filter((name) => !usualSecrets.has(name) || secrets.has(name))).toEqual([]);
    const given = [...secrets].filter(([, kind]) => kind.startsWith("given")).map(([name]) => name);
    expect(given).toEqual([...new Set(row.given)].sort());
    expect(missing(plan)).toEqual([]);
  });
});

/** What somebody waits for, and nobody is. */
function missing({ components, jobs }: Plan): readonly string[] {
  const running = new Set(components.filter(({ workload }) => workload !== undefined).map(({ id }) => id));
  const outside = new Set(components.filter(({ presence }) => presence === "external").map(({ id }) => id));
  const made = new Set(jobs.map(({ id }) => id));
  return [...components, ...jobs].flatMap(({ id, needs }) =>
    needs.flatMap((need) => {
      const name = need.kind === "healthy" ? need.component : need.job;
      const isThere = need.kind === "healthy" ? running.has(name) || outside.has(name) : made.has(name);
      return isThere ? [] : [`${id} waits for ${name}`];
    }),
  );
}

describe("all at once on Kubernetes", () => {
  const row = servicesElsewhere.at(-1);
  const plan = profilePlan("standard", domain, row?.values);
  let units: ParityUnits;
  beforeAll(async () => {
    units = helmUnits(await templatePlan(plan), renderHelm(plan));
  });

  it("is told as on Compose", () => {
    for (const program of programs) {
      const told = toldTo(program, unitOf(units, program));
      for (const [variable, value] of Object.entries(row?.told ?? {})) {
        if (variable in told)
          expect({ program, variable, value: told[variable] }).toEqual({ program, variable, value });
      }
    }
  });
});

describe("who is trusted beside the public authorities", () => {
  const file = `tls: { mode: off, trustedCaFile: /etc/corp.pem }
objectStore: { mode: external, external: { endpoint: "https://s3.corp", accessKey: AKIA, secretKey: x } }`;

  it("by programs, jobs and checks that reach services elsewhere, also without TLS of our own", () => {
    const units = composeUnits(composeOutput(renderCompose(profilePlan("standard", domain, file))));
    for (const id of [...programs, "csghub-portal", "registry"]) {
      expect(unitOf(units, id).env["SSL_CERT_FILE"]).toBe("/run/slipway/ca.crt");
      expect(unitOf(units, id).files["/run/slipway/ca.crt"]).toBe("${secret:tls-trusted}");
    }
    const buckets = unitOf(units, "minio-buckets").files;
    expect(buckets["/run/slipway/ca.crt"]).toBe("${secret:tls-trusted}");
    expect(JSON.parse(buckets["/run/slipway/document.json"] ?? "")).toMatchObject({ caFile: "/run/slipway/ca.crt" });
  });

  it("beside the authority that the platform has made", () => {
    const both = file.replace("mode: off", "mode: self-signed");
    const units = composeUnits(composeOutput(renderCompose(profilePlan("standard", domain, both))));
    const trusted = unitOf(units, "csghub-server").files["/run/slipway/ca.crt"];
    expect(trusted).toBe("${secret:ca.certificate}\n${secret:tls-trusted}");
  });
});

it("Casdoor finds the authority of an external PostgreSQL", () => {
  const file = `postgres: { mode: external, external: { host: db.corp, adminPassword: x, caFile: /etc/db-ca.pem } }`;
  const { files } = unitOf(
    composeUnits(composeOutput(renderCompose(profilePlan("standard", domain, file)))),
    "casdoor",
  );
  expect(files["/conf/app.conf"]).toContain(
    "@db.corp:5432/csghub_casdoor?sslmode=verify-full&sslrootcert=%2Frun%2Fslipway%2Fpostgres-ca.crt\n",
  );
  expect(files["/run/slipway/postgres-ca.crt"]).toBe("${secret:postgres-ca}");
});

describe("docs/external-services.md", () => {
  const page = readFileSync(new URL("../../../docs/external-services.md", import.meta.url), "utf8");
  const buckets = usualPlan.components.flatMap((component) => component.buckets.map(({ name }) => name));
  const open = "csghub-portal-public";

  it("shows what services are asked for in the words of the program", () => {
    for (const line of preparedDatabase("csghub_server", "csghub_server")) expect(page).toContain(`\n${line}\n`);
    expect(page).toContain(`\n${redisUserLine("slipway")}\n`);
    expect(page).toContain(`\n${keyPolicy(buckets)}\n`);
    expect(page).toContain(`\n${downloadPolicy(open)}\n`);
  });

  it("names each role and database that others have to make", () => {
    const databases = usualPlan.components.flatMap((component) => component.databases.map(({ name }) => name));
    expect(databases.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
  });
});
