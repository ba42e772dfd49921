import { describe, expect, it } from "vitest";
import { redactor, secretsOf } from "./redact.ts";

describe("secretsOf", () => {
  it("finds the secret fields at any depth and nothing else", () => {
    const document = {
      kind: "s3-buckets",
      admin: { accessKey: "root", secretKey: "admin-secret" },
      users: [{ accessKey: "app", secretKey: "app-secret" }],
      database: { user: "casdoor", password: "pw-of-casdoor" },
      applications: [{ clientId: "id", clientSecret: "client-secret" }],
    };

    const secrets = secretsOf(document);

    expect(secrets.sort()).toEqual(["admin-secret", "app-secret", "client-secret", "pw-of-casdoor"]);
  });
});

describe("redactor", () => {
  const secret = `p"w/ä+ß %&=\\$\u0027x`;
  const spelled: readonly (readonly [string, string])[] = [
    ["as it is", secret],
    ["percent-encoded", encodeURIComponent(secret)],
    ["form-encoded", new URLSearchParams({ s: secret }).toString().slice(2)],
    ["in JSON", JSON.stringify(secret)],
    ["in base64", Buffer.from(secret).toString("base64")],
    ["in URL-safe base64", Buffer.from(secret).toString("base64url")],
    ["in hex", Buffer.from(secret).toString("hex")],
  ];

  it.each(spelled)("removes a secret %s", (_how, text) => {
    const redact = redactor([secret]);

    const result = redact(`before ${text} after`);

    expect(result).toMatch(/^before "?\[redacted\].*after$/);
    expect(result).not.toContain(text);
  });

  it.each(["u", "us", "user", "someone"])("removes a secret from a basic login of %s", (user) => {
    const password = "correct-horse-battery-staple";
    const header = Buffer.from(`${user}:${password}`).toString("base64");

    const result = redactor([password])(`Authorization: Basic ${header}`);

    const left = Buffer.from(result.replace(/^.*Basic /, "").replace(/\[redacted\].*/, ""), "base64").toString(
      "latin1",
    );
    expect(result).toContain("[redacted]");
    expect(left).not.toContain("correct");
    expect(result).not.toContain(header);
  });

  it("removes the longer of two secrets when one is the beginning of the other", () => {
    const redact = redactor(["secret", "secret-and-more"]);

    expect(redact("x secret-and-more y secret z")).toBe("x [redacted] y [redacted] z");
  });

  it("leaves text without secrets alone", () => {
    expect(redactor(["hidden-value"])("connect ECONNREFUSED 10.0.0.2:5432")).toBe("connect ECONNREFUSED 10.0.0.2:5432");
  });
});
