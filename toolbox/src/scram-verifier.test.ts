import { describe, expect, it } from "vitest";
import { scramVerifier } from "./scram-verifier.ts";

describe("scramVerifier", () => {
  it("gives what PostgreSQL stores for the same password and salt", () => {
    const verifier = scramVerifier("pencil", Buffer.from("HcvLSW96cxRNyVD4zuHAEQ==", "base64"));

    // pg_authid.rolpassword of PostgreSQL 17.12 after `create role … password 'pencil'`
    expect(verifier).toBe(
      "SCRAM-SHA-256$4096:HcvLSW96cxRNyVD4zuHAEQ==$FC19DdJcwB9/C9dQRyKNmFMfIG9Fk3qalCXSHCq8qKU=:9iZoK5vunl085RNIQNRcyUPTIS8TNcWlVp9VIqCMKs0=",
    );
  });

  it("salts anew each time", () => {
    expect(scramVerifier("pencil")).not.toBe(scramVerifier("pencil"));
  });

  it("leaves text that must be normalised to the server", () => {
    expect(scramVerifier("pässword")).toBeUndefined();
    expect(scramVerifier("line\nbreak")).toBeUndefined();
  });
});
