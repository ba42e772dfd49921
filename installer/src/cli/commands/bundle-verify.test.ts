import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { BundleKeygenResult } from "../../actions/bundle/bundle-keygen.ts";
import type { BundleVerifyResult } from "../../actions/bundle/bundle-verify.ts";
import type { Engine } from "../../engine/engine.ts";
import { runCli } from "../run-cli.ts";
import { type RunSetup, type TestRun, prepareRun } from "../testing/prepare-run.ts";
import { absentPrompts } from "../ui/prompts.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-bundle-commands-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function cli(line: string, engine: Partial<Engine>, setup: RunSetup = {}): Promise<TestRun & { status: number }> {
  const run = prepareRun(folder, { engine, ...setup });
  const status = await runCli(line.split(" "), run.context);
  return { ...run, status };
}

const verified: BundleVerifyResult = {
  apiVersion: "slipway/v1",
  kind: "BundleVerifyResult",
  ok: true,
  bundles: [
    {
      path: "/media/usb/slipway.tar",
      name: "slipway-infra",
      version: "1.0.0",
      content: "full",
      root: `sha256:${"a".repeat(64)}`,
      trust: { state: "signed", keyId: "0DB808CE94545A9F", comment: "slipway-infra 1.0.0\u001b[31m" },
      entries: 12,
      bytes: 2048,
    },
  ],
  damaged: [],
  damagedParts: [],
  ms: 20,
};

test("verify hands over absolute paths, bases after the bundle, and says who signed it", async () => {
  const line = "bundle verify new.tar --base old.tar --parts /media/b --key maker.pub";

  const run = await cli(line, { verifyBundle: () => Promise.resolve(verified) });

  expect(run.status).toBe(0);
  expect(run.requests["verifyBundle"]).toEqual([
    {
      paths: [join(folder, "new.tar"), join(folder, "old.tar")],
      partFolders: ["/media/b"],
      keyFiles: [join(folder, "maker.pub")],
      allowUnsigned: false,
    },
  ]);
  expect(run.stdout()).toContain("signed by 0DB808CE94545A9F (slipway-infra 1.0.0)");
  expect(run.stdout()).not.toContain("\u001b");
});

test("verify ends with 8 when something is damaged, and names it", async () => {
  const damage = {
    bundle: "/a.tar",
    path: "blobs/sha256/ab",
    problem: "has the digest x, not y",
    owners: ["the image redis"],
    files: ["/a.tar.part002"],
  };
  const bad = { ...verified, ok: false, damaged: [damage] };

  const text = await cli("bundle verify a.tar", { verifyBundle: () => Promise.resolve(bad) });
  const json = await cli("bundle verify a.tar --json", { verifyBundle: () => Promise.resolve(bad) });

  expect([text.status, json.status]).toEqual([8, 8]);
  expect(text.stdout()).toContain("blobs/sha256/ab (the image redis) has the digest x, not y; in /a.tar.part002");
  expect(JSON.parse(json.stdout())).toEqual(bad);
});

const made: BundleKeygenResult = {
  apiVersion: "slipway/v1",
  kind: "BundleKeygenResult",
  keyId: "0DB808CE94545A9F",
  secretKey: "/k/release.key",
  publicKey: "/k/release.pub",
  encrypted: true,
};

test("keygen asks for the passphrase and does not show it", async () => {
  const prompts = { ...absentPrompts(), available: true, secret: () => Promise.resolve("correct horse") };

  const run = await cli("bundle keygen -o release", { generateBundleKey: () => Promise.resolve(made) }, { prompts });

  expect(run.requests["generateBundleKey"]).toEqual([{ output: join(folder, "release"), passphrase: "correct horse" }]);
  expect(run.stdout() + run.stderr()).not.toContain("correct horse");
});

test("keygen without a terminal makes an unprotected key only when told so", async () => {
  const engine = { generateBundleKey: () => Promise.resolve(made) };

  const refused = await cli("bundle keygen -o release", engine);
  const told = await cli("bundle keygen -o release --no-passphrase", engine);

  expect(refused.status).toBe(2);
  expect(refused.stderr()).toContain("--passphrase-file FILE");
  expect(refused.requests["generateBundleKey"]).toBeUndefined();
  expect(told.requests["generateBundleKey"]).toEqual([{ output: join(folder, "release") }]);
});
