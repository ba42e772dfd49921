import { describe, expect, it } from "vitest";
import { parseDsn } from "./dsn.ts";
import { StartRefusal } from "./start-refusal.ts";

const secret = "p-w";

it("reads user, password and database percent-decoded, the TLS mode and the trusted roots", () => {
  expect(
    parseDsn("postgresql://csg%20hub:p%40w%2F%3A@db:5433/csghub?sslmode=verify-full&sslrootcert=%2Frun%2Fca.crt"),
  ).toEqual({
    host: "db",
    port: "5433",
    user: "csg hub",
    password: "p@w/:",
    database: "csghub",
    tls: "verify",
    caFile: "/run/ca.crt",
  });
});

it("takes 5432 where no port is, and TLS without a check where no mode is", () => {
  expect(parseDsn("postgres://u:p@[::1]/d")).toMatchObject({ host: "::1", port: "5432", tls: "require" });
});

describe("what is refused, without the password in the message", () => {
  it.each([
    ["another scheme", `mysql://u:${secret}@h:1/x`, "pgdriver: invalid scheme: mysql", true],
    ["no URL", "host=h user=u", "pgdriver: invalid scheme: ", true],
    ["a space in the password", `postgresql://u:${secret} x@h:1/x`, "net/url: invalid userinfo", true],
    ["a slash in the password", `postgresql://u:${secret}/x@h:1/x`, "invalid port after host", true],
    ["a hash in the password", `postgresql://u:${secret}#x@h:1/x`, "invalid port after host", true],
    ["a percent sign in the password", `postgresql://u:${secret}%zz@h:1/x`, "invalid URL escape", true],
    ["a port that is no number", `postgresql://u:${secret}@h:x/x`, "invalid port after host", true],
    ["an unknown TLS mode", `postgresql://u:${secret}@h:1/x?sslmode=maybe`, "sslmode 'maybe' is not supported", true],
    ["an at sign in the password", `postgresql://u:${secret}@x@h:1/x`, "not percent-encoded", false],
    ["a colon in the password", `postgresql://u:${secret}:x@h:1/x`, "not percent-encoded", false],
    ["no database", `postgresql://u:${secret}@h:1/?sslmode=disable`, "names no database", false],
  ])("%s", (_, text, message, panics) => {
    const refusal = (() => {
      try {
        parseDsn(text);
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(refusal).toBeInstanceOf(StartRefusal);
    expect((refusal as StartRefusal).message).toContain(message);
    expect((refusal as StartRefusal).message).not.toContain(secret);
    expect((refusal as StartRefusal).panics).toBe(panics);
  });
});
