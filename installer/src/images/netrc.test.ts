import { describe, expect, test } from "vitest";
import { netrcFor } from "./netrc.ts";

describe("netrcFor", () => {
  const text = [
    "# notes",
    "machine go.example login a password b",
    "machine mail.example",
    "  login c",
    "  password d",
    "default login e password f",
  ].join("\n");

  test("keeps the wanted hosts only", () => {
    expect(netrcFor(text, ["go.example"])).toBe("machine go.example\nlogin a\npassword b\n");
    expect(netrcFor(text, ["mail.example"])).toBe("machine mail.example\nlogin c\npassword d\n");
  });

  test("never hands over the default login", () => {
    expect(netrcFor(text, ["other.example"])).toBe("");
  });

  test("stops at a macro, which is not made of words", () => {
    expect(netrcFor("macdef x\nmachine go.example login a\n", ["go.example"])).toBe("");
  });
});
