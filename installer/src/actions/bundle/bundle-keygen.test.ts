import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { parsePublicKey } from "../../bundle/minisign.ts";
import { parseSecretKey } from "../../bundle/minisign-secret.ts";
import { generateBundleKey } from "./bundle-keygen.ts";

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-keygen-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("makes both halves, the secret one encrypted and for its owner alone", async () => {
  const { ports, events } = createBundlePorts();
  writeFileSync(at("pass"), "correct horse\nnot this\n");

  const result = await generateBundleKey({ output: at("release"), passphraseFile: at("pass") }, ports);

  const secret = readFileSync(at("release.key"), "utf8");
  expect((await parseSecretKey(secret, "correct horse", "release.key")).keyId).toBe(result.keyId);
  expect(parsePublicKey(readFileSync(at("release.pub"), "utf8")).keyId).toBe(result.keyId);
  expect(statSync(at("release.key")).mode & 0o777).toBe(0o600);
  expect(result.encrypted).toBe(true);
  expect(events).toEqual([]);
});

test("warns of a key without passphrase", async () => {
  const { ports, events } = createBundlePorts();

  const result = await generateBundleKey({ output: at("release") }, ports);

  expect(result.encrypted).toBe(false);
  expect(events).toMatchObject([{ type: "warning", message: expect.stringContaining("not protected") as string }]);
});

test("replaces no key, and makes neither half when one is there", async () => {
  const { ports } = createBundlePorts();
  writeFileSync(at("release.pub"), "mine");

  await expect(generateBundleKey({ output: at("release") }, ports)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: expect.stringContaining("release.pub exists already") as string,
  });
  expect(readdirSync(folder)).toEqual(["release.pub"]);
});

test("names a passphrase file that is not there", async () => {
  const { ports } = createBundlePorts();

  await expect(generateBundleKey({ output: at("a"), passphraseFile: at("none") }, ports)).rejects.toThrow(
    "the passphrase file",
  );
});
