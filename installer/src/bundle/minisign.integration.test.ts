import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { itUnless } from "../../test/support/unless.ts";
import { parsePublicKey } from "./minisign.ts";
import { parseSecretKey } from "./minisign-secret.ts";

function programPresent(): boolean {
  try {
    execFileSync("minisign", ["-v"], { stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
}

// Its own cost of a passphrase is seconds and a gibibyte: too much for the unit tests.
const present = programPresent();
itUnless(present ? undefined : "minisign is not installed", "reads encrypted keys of minisign", async () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-test-minisign-"));
  const at = (name: string): string => join(folder, name);
  try {
    execFileSync("minisign", ["-G", "-p", at("a.pub"), "-s", at("a.key")], {
      input: "battery staple\nbattery staple\n",
      stdio: "pipe",
    });

    const key = await parseSecretKey(readFileSync(at("a.key"), "utf8"), "battery staple", "a.key");

    expect(parsePublicKey(readFileSync(at("a.pub"), "utf8")).key).toEqual(key.publicKey);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
