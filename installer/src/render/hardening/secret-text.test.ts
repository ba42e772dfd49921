import { describe, expect, it } from "vitest";
import { secretIn, secretsInText } from "./secret-text.ts";

describe("secretIn", () => {
  it.each([
    ["hunter2", "DB_PASSWORD"],
    ["hunter2", "clientSecret"],
    ["abc", "gitlab_token"],
    ["postgres://user:pw@host/db", "ADDRESS"],
    ["-----BEGIN RSA PRIVATE KEY-----", "X"],
    ["Zk3Qv9LmT7xRb2WsYc8NdF4h", "X"],
    ["0b5e8f1c7a3d94e26b8f0c1d5a7e93f4b2c6d8e0", "X"],
  ])("sees one in %s as the value of %s", (value, name) => {
    expect(secretIn(value, name)).toBeDefined();
  });

  it.each([
    ["/run/slipway/redis-password", "PASSWORD_FILE"],
    ["/run/slipway/redis-password", "password"],
    ["true", "token"],
    ["", "PASSWORD"],
    ["${secret:redis}", "password"],
    ["postgres://user:${secret:pg|url}@host/db", "ADDRESS"],
    ["scram-sha-256", "password_encryption"],
    ["UTC", "TZ"],
    ["config_file=/etc/postgresql/postgresql.conf", ""],
    ["slipway/postgres:0123456789abcdef", "image"],
    ["a-long-name-of-some-component-with-dashes", "X"],
  ])("sees none in %s as the value of %s", (value, name) => {
    expect(secretIn(value, name)).toBeUndefined();
  });
});

describe("secretsInText", () => {
  it("names the line and not the secret", () => {
    const problems = secretsInText("app:/etc/app.conf", `# settings\nport = 1\npassword = "hunter2"\n`);

    expect(problems).toEqual([{ where: "app:/etc/app.conf", message: "line 3 holds the value of password" }]);
  });

  it("accepts slots in every format", () => {
    const text = `password = "\${secret:a|quoted}"\n"clientSecret": "\${secret:b.part|quoted}",\nurl: nats://u:\${secret:c|url}@nats:4222\n`;

    expect(secretsInText("x", text)).toEqual([]);
  });

  it("finds a private key anywhere", () => {
    expect(secretsInText("x", "text\n-----BEGIN PRIVATE KEY-----\n").length).toBeGreaterThan(0);
  });
});
