import { describe, expect, it } from "vitest";
import { profilePlan } from "../../../test/support/infra-plan.ts";
import { renderCompose } from "../../render/compose/render-compose.ts";
import { renderedFileToString } from "../../render/rendered-file.ts";
import type { Plan } from "../model.ts";

const domain = "domain=hub.corp.example";

function filesOf(plan: Plan): ReadonlyMap<string, string> {
  return new Map(renderCompose(plan).files.map((file) => [file.path, renderedFileToString(file)]));
}

/** Variables of a program, and the file with its secrets. */
function toldTo(
  plan: Plan,
  component: string,
): { readonly env: Readonly<Record<string, string>>; readonly file: string } {
  const container = plan.components.find(({ id }) => id === component)?.workload?.container;
  const env = Object.fromEntries(
    (container?.env ?? []).map(({ name, value }) => [
      name,
      value.map((part) => (typeof part === "string" ? part : part.slot)).join(""),
    ]),
  );
  return { env, file: filesOf(plan).get(`files/${component}/run/slipway/hub.toml`) ?? "" };
}

describe("applications with names of their own", () => {
  const sets = [domain, "appsDomain=apps.corp.example", "ports.https=8443"];

  it("are said to every program, with the port people use", () => {
    for (const program of ["csghub-server", "csghub-rproxy", "csghub-temporal-worker"])
      expect(toldTo(profilePlan("standard", sets), program).env).toHaveProperty(
        "STARHUB_SERVER_PUBLIC_ROOT_DOMAIN",
        "apps.corp.example:8443",
      );
    expect(toldTo(profilePlan("standard", [domain]), "csghub-server").env).not.toHaveProperty(
      "STARHUB_SERVER_PUBLIC_ROOT_DOMAIN",
    );
  });

  it("are in the certificate, and no name for the engine's DNS", () => {
    const plan = profilePlan("standard", sets);
    const leaf = plan.secrets.find(({ name }) => name === "gateway-tls")?.generator;

    expect(leaf).toMatchObject({ names: expect.arrayContaining(["*.apps.corp.example"]) as unknown });
    expect(filesOf(plan).get("compose.yaml")).not.toContain("*.apps");
  });
});

describe("the hub on services of one's own", () => {
  const plan = profilePlan(
    "standard",
    [domain, "edition=ce"],
    `
postgres: { mode: external, external: { host: db.corp, sslMode: verify-full, adminPassword: x, caFile: /etc/db-ca.pem } }
redis: { mode: external, external: { host: redis.corp, port: 6380, password: x } }
nats: { mode: external, external: { host: nats.corp, user: "hub@team", password: x } }
temporal: { mode: external, external: { host: temporal.corp } }
gitaly: { mode: external, external: { host: gitaly.corp, token: x } }
gitlabShell: { mode: "off" }
objectStore:
  mode: external
  external: { endpoint: "https://s3.corp", accessKey: AKIA, secretKey: x }
casdoor:
  mode: external
  external: { url: "https://login.corp/", clientId: 'id"1', clientSecret: x, certificateFile: /etc/casdoor.pem }
`,
  );
  const { env, file } = toldTo(plan, "csghub-server");

  it("is told their addresses and logins, each as its form asks for", () => {
    expect(file).toContain(
      'dsn = "postgresql://csghub_server:${secret:pg-server|url}@db.corp:5432/csghub_server?sslmode=verify-full&sslrootcert=%2Frun%2Fslipway%2Fpostgres-ca.crt"',
    );
    expect(file).toContain('url = "nats://hub%40team:${secret:nats-external|url}@nats.corp:4222"');
    expect(file).toContain('password = "${secret:redis-external|quoted}"');
    expect(file).toContain('token = "${secret:gitaly-external|quoted}"');
    expect(file).toContain('access_key_secret = "${secret:s3-external|quoted}"');
    expect(file).toContain(String.raw`client_id = "id\"1"`);
  });

  it("reaches the object store and the sign-in where they are", () => {
    expect(env).toMatchObject({
      STARHUB_SERVER_S3_ENDPOINT: "s3.corp",
      STARHUB_SERVER_S3_ENABLE_SSL: "true",
      STARHUB_SERVER_S3_BUCKET_LOOKUP: "path",
      STARHUB_SERVER_S3_ACCESS_KEY_ID: "AKIA",
      STARHUB_SERVER_CASDOOR_ENDPOINT: "https://login.corp",
    });
    const reaches = plan.components.find(({ id }) => id === "csghub-server")?.reaches;
    expect(reaches).toEqual(expect.arrayContaining(["minio.s3", "casdoor.http"]));
    expect(plan.components.find(({ id }) => id === "csghub-portal")?.reaches).toContain("minio.s3");
  });

  it("waits for nothing that does not run here", () => {
    const worker = plan.components.find(({ id }) => id === "csghub-temporal-worker");
    expect(worker?.needs.filter(({ kind }) => kind === "healthy")).toEqual([]);
    expect(worker?.workload?.health.ready).toMatchObject({ command: ["grep", "-q", ":1C41 01 ", "/proc/net/tcp"] });
  });

  it("has no journey where people are kept elsewhere", () => {
    expect(plan.jobs.map(({ id }) => id)).not.toContain("verify-journey");
  });
});

describe("what a person sets for the hub", () => {
  it("mail, packages and images reach the programs, and their secrets only the file", () => {
    const plan = profilePlan(
      "standard",
      [domain, "ports.ssh=22", "images.registry=harbor.corp/platform", "server.packageIndex=https://pypi.corp/simple"],
      "notifier: { mail: { host: mail.corp, user: hub@corp.example, password: x } }",
    );
    const notifier = toldTo(plan, "csghub-notifier");

    expect(notifier.env).toMatchObject({
      STARHUB_SERVER_MAILER_HOST: "mail.corp",
      STARHUB_SERVER_MAILER_PORT: "465",
      STARHUB_SERVER_SSH_DOMAIN: "git@hub.corp.example",
      STARHUB_SERVER_MODEL_DOCKER_REG_BASE: "harbor.corp/platform/",
      STARHUB_SERVER_SPACE_PYPI_INDEX_URL: "https://pypi.corp/simple",
    });
    expect(notifier.file).toContain('mailer_password = "${secret:mail|quoted}"');
    expect(Object.keys(notifier.env)).not.toContain("STARHUB_SERVER_MAILER_PASSWORD");
  });

  it("a mail server that asks for no password gets none", () => {
    const plan = profilePlan("standard", [domain], "notifier: { mail: { host: mail.corp, user: hub@corp.example } }");

    expect(toldTo(plan, "csghub-notifier").file).not.toContain("mailer_password");
    expect(plan.secrets.map(({ name }) => name)).not.toContain("mail");
  });

  it("moderation runs where it is asked for, and is told of nowhere else", () => {
    expect(profilePlan("standard", [domain]).components.map(({ id }) => id)).not.toContain("csghub-moderation");
    const asked = profilePlan("standard", [domain, "moderation.mode=embedded"]);

    expect(toldTo(asked, "csghub-moderation").env["STARHUB_SERVER_SENSITIVE_CHECK_ENABLE"]).toBe("true");
    const compose = filesOf(asked).get("compose.yaml");
    expect(compose).toContain('OPENCSG_MODERATION_SERVER_HOST: "http://csghub-moderation"');
  });

  it.each([
    ["domain=localhost", "means something else inside each container"],
    ["casdoor.mode=off", "leaves the hub without a sign-in"],
    ["temporal.namespace=other", "is not where the hub looks"],
    ["server.mode=off", "cannot work alone"],
  ])("%s is refused with the reason", (set, reason) => {
    expect(() => profilePlan("standard", [domain, set])).toThrow(
      expect.objectContaining({ details: expect.arrayContaining([expect.stringContaining(reason)]) as unknown }),
    );
  });

  it.each([
    ["{ host: mail.corp, password: x, user: a@b.example, passwordFile: /etc/mail }", "allowed is one of the two"],
    ["{ host: mail.corp }", "mail needs an address to come from"],
  ])("mail as %s is refused with the reason", (mail, reason) => {
    expect(() => profilePlan("standard", [domain], `notifier: { mail: ${mail} }`)).toThrow(
      expect.objectContaining({ details: expect.arrayContaining([expect.stringContaining(reason)]) as unknown }),
    );
  });
});
