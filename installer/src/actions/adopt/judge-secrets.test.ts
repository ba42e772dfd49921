import { createHash, X509Certificate } from "node:crypto";
import { describe, expect, it } from "vitest";
import { issueCertificate } from "../../../test/support/issue-certificate.ts";
import type { FoundInstallation } from "./found.ts";
import { judgeSecrets, judgeValue } from "./judge-secrets.ts";
import { hasPublicKey } from "./public-values.ts";
import { goodSecrets } from "./testing/old-tree.ts";

describe("judgeValue", () => {
  it.each([
    ["minioadmin", "unknown", "public"],
    ["Signing-Key", "unknown", "public"],
    ["Winter_2024!", "unknown", "guessable"],
    ["correct-horse", "unknown", "guessable"],
    ["12345678901234567890", "unknown", "guessable"],
    ["abcabcabcabcabcabcabc", "unknown", "guessable"],
    ["aaaabbbbaaaabbbbccccab", "unknown", "guessable"],
    ["q9Z-x2", "unknown", "short"],
    [goodSecrets.database, "unknown", "fine"],
    [goodSecrets.database, "vendor", "guessable"],
  ] as const)("takes %s, made by %s, for %s", (value, madeBy, judgement) => {
    expect(judgeValue(value, madeBy).judgement).toBe(judgement);
  });
});

describe("certificates of sign-ins", () => {
  it("knows one by its key, whatever else the certificate says", async () => {
    const { pem } = await issueCertificate({ commonName: "sign-in" });
    const key = new X509Certificate(pem).publicKey.export({ type: "spki", format: "der" });
    const digest = createHash("sha256").update(key).digest("hex");

    expect(hasPublicKey(pem, new Set([digest]))).toBe(true);
    expect(hasPublicKey(pem)).toBe(false);
    expect(hasPublicKey("no certificate")).toBeUndefined();
  });

  it("counts one that was made for this installation as fine, and passes over what is none", async () => {
    const { pem } = await issueCertificate({ commonName: "sign-in" });
    const found: FoundInstallation = {
      ...{ source: "compose", files: [], version: "2.4.0", workloads: [], outside: [], secrets: [], notes: [] },
      address: { domain: "hub.corp.example", tls: false, ports: {} },
      certificates: [
        { pem, where: "a.pem" },
        { pem: `${pem}\n`, where: "init_data.json certs csghub-cert" },
        { pem: "nothing", where: "b.pem" },
      ],
    };

    expect(judgeSecrets(found)).toMatchObject([
      { judgement: "fine", fate: "replaced", places: ["a.pem", "init_data.json certs csghub-cert"] },
    ]);
  });
});
