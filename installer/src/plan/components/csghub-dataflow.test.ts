import { describe, expect, it } from "vitest";
import { profilePlan } from "../../../test/support/infra-plan.ts";
import type { Plan } from "../model.ts";

const domain = "domain=hub.corp.example";
const modes = ["dataflow.mode=embedded", "labelStudio.mode=embedded"];
const databasesOf = (plan: Plan): readonly string[] =>
  plan.components.find(({ id }) => id === "postgres")?.databases.map(({ name }) => name) ?? [];

function toldTo(plan: Plan, id: string): Readonly<Record<string, string>> {
  const env = plan.components.find((component) => component.id === id)?.workload?.container.env ?? [];
  return Object.fromEntries(env.map(({ name, value: [first] }) => [name, typeof first === "string" ? first : ""]));
}

describe("data processing and labelling", () => {
  it("have databases and keys only where they run", () => {
    const without = profilePlan("standard", [domain]);
    const withBoth = profilePlan("standard", [domain, ...modes]);
    const added = databasesOf(withBoth).filter((name) => !databasesOf(without).includes(name));

    expect(added.toSorted()).toEqual(["csghub_dataflow", "csghub_label_studio"]);
    expect(without.secrets.filter(({ name }) => /dataflow|label-studio/.test(name))).toEqual([]);
    expect(without.components.filter(({ id }) => /dataflow|label-studio/.test(id))).toEqual([]);
  });

  it.each([
    ["sslMode: verify-full, caFile: /etc/db-ca.pem", "verify-full", "/run/slipway/postgres-ca.crt"],
    ["sslMode: verify-full", "verify-full", "/etc/ssl/certs/ca-certificates.crt"],
    ["sslMode: require", "require", undefined],
  ])("check the certificate of a database of one's own: %s", (settings, mode, roots) => {
    const file = `postgres: { mode: external, external: { host: db.corp, adminPassword: x, ${settings} } }`;
    const plan = profilePlan("standard", [domain, ...modes], file);

    for (const id of ["csghub-dataflow", "label-studio"])
      expect(toldTo(plan, id)).toMatchObject({
        PGSSLMODE: mode,
        ...(roots === undefined ? {} : { PGSSLROOTCERT: roots }),
      });
  });

  it("trust the gateway's authority where there is TLS", () => {
    const trust = { SSL_CERT_FILE: "/run/slipway/ca.crt", REQUESTS_CA_BUNDLE: "/run/slipway/ca.crt" };

    expect(toldTo(profilePlan("standard", [domain, ...modes]), "label-studio")).toMatchObject(trust);
    expect(
      Object.keys(toldTo(profilePlan("standard", [domain, "tls.mode=off", ...modes]), "label-studio")),
    ).not.toContain("SSL_CERT_FILE");
  });
});
