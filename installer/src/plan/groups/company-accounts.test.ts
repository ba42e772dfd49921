import { describe, expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { findComponent } from "../find-in-plan.ts";

describe("a plan with accounts of the company", () => {
  const provider = ["issuer=https://login.corp.example/realms/corp", "clientId=ai", "clientSecretFile=/etc/secret"];
  const sets = ["domain=ai.corp", ...provider.map((set) => `casdoor.provider.${set}`)];

  it("has the provider as a component elsewhere, and says what must be registered there", () => {
    const found = findComponent(infraPlan(sets), "openid-provider");

    expect(found).toMatchObject({ presence: "external" });
    expect(found?.endpoints).toEqual([
      { id: "https", protocol: "http", tls: true, port: 443, externalHost: "login.corp.example" },
    ]);
    expect(found?.registrations).toEqual([
      {
        place: "https://login.corp.example/realms/corp",
        what: expect.objectContaining({ en: "redirect URI of the client ai" }) as object,
        value: "https://casdoor.ai.corp/callback",
      },
    ]);
  });

  it("lets Casdoor and what sets and checks it reach the provider, and nobody else", () => {
    const plan = infraPlan(sets);
    const reaching = [...plan.components, ...plan.jobs].filter(({ reaches }) =>
      reaches.includes("openid-provider.https"),
    );

    expect(reaching.map(({ id }) => id)).toEqual(["casdoor", "casdoor-bootstrap", "external-services", "verify"]);
  });

  it("has Casdoor trust a given authority, beside those of its image", () => {
    const own = findComponent(infraPlan([...sets, "casdoor.provider.caFile=/etc/ca.crt"]), "casdoor")?.workload
      ?.container;

    expect(own?.env).toEqual([{ name: "SSL_CERT_FILE", value: ["/run/slipway/openid-provider-ca.crt"] }]);
    expect(own?.files.map(({ path }) => path)).toContain("/run/slipway/openid-provider-ca.crt");
    expect(findComponent(infraPlan(sets), "casdoor")?.workload?.container.env).toEqual([]);
    const trusting = findComponent(infraPlan([...sets, "tls.trustedCaFile=/etc/ca.crt"]), "casdoor")?.workload
      ?.container;
    expect(JSON.stringify(trusting?.files.at(-1))).toContain('"name":"tls-trusted"');
  });

  it("asks for the discovery document at a port of the provider's own", () => {
    const plan = infraPlan([...sets, "casdoor.provider.issuer=https://login.corp.example:8443/"]);
    const check = plan.wires.find(({ id }) => id === "company-accounts")?.check;

    expect(check).toMatchObject({
      issuer: "https://login.corp.example:8443/",
      discoveryUrl: {
        concat: ["https://", { ref: "openid-provider.https", field: "hostPort" }, "/.well-known/openid-configuration"],
      },
    });
  });

  it("is not in the plan without them", () => {
    const plan = infraPlan();

    expect(plan.components.map(({ id }) => id)).not.toContain("openid-provider");
    expect(JSON.stringify(plan)).not.toContain("company-accounts");
  });
});
