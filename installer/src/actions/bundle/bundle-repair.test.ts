import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { fixtureKey, fixturePublicKey, makeBundle, writeSplit } from "../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { signMessage } from "../../bundle/minisign-secret.ts";
import { writeParity } from "../../bundle/parity.ts";
import { formatSplitHeader } from "../../bundle/split-header.ts";
import { repairBundle } from "./bundle-repair.ts";
import { verifyBundle } from "./bundle-verify.ts";

const { ports } = createBundlePorts();
const full = makeBundle();
let folder: string;
let header: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-repair-"));
  writeFileSync(at("maker.pub"), fixturePublicKey);
  const split = writeSplit(at("usb"), full.bytes, { partSize: 15_000 });
  header = split.headerPath;
  const parts = split.header.parts.map(({ file, size }) => ({ path: at(`usb/${file}`), size }));
  const parity = await writeParity(
    { name: "bundle.tar", folder: at("usb"), parts, partSize: 15_000, count: 2, signal: ports.signal },
    ports.bulkFiles,
  );
  writeFileSync(header, formatSplitHeader({ ...split.header, parity: { count: 2, parts: parity } }));
  writeFileSync(`${header}.minisig`, signMessage(readFileSync(header), fixtureKey, "bundle.tar"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const repair = (keys: readonly string[] = ["maker.pub"]) =>
  repairBundle({ header, partFolders: [], keyFiles: keys.map(at), output: at("repaired") }, ports);
const verify = (partFolders: readonly string[] = []) =>
  verifyBundle({ paths: [header], partFolders, keyFiles: [at("maker.pub")], allowUnsigned: false }, ports);

test("a bundle that lost a part and of which one is damaged is whole again with what was rebuilt", async () => {
  rmSync(at("usb/bundle.tar.part002"));
  const damaged = readFileSync(at("usb/bundle.tar.part004"));
  damaged.writeUInt8(damaged.readUInt8(77) ^ 2, 77);
  writeFileSync(at("usb/bundle.tar.part004"), damaged);

  await expect(verify()).rejects.toThrow("bundle.tar.part002 is missing");
  const result = await repair();

  expect(result.rebuilt.map(({ file }) => file)).toEqual(["bundle.tar.part002", "bundle.tar.part004"]);
  expect((await verify([at("repaired")])).ok).toBe(true);
  expect(readFileSync(at("usb/bundle.tar.part004"))).toEqual(damaged);
});

test("a header that was changed after it was signed is refused", async () => {
  writeFileSync(
    header,
    readFileSync(header, "utf8").replace(/"digest": "sha256:0*[1-9a-f]/, (text) => `${text.slice(0, -1)}0`),
  );

  await expect(repair()).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
});

test("what is not a header is refused", async () => {
  const request = { header: at("usb/bundle.tar.part001"), partFolders: [], keyFiles: [], output: at("repaired") };

  await expect(repairBundle(request, ports)).rejects.toMatchObject({ code: "USAGE" });
});

test("a header whose signature was taken away is refused when a key was named", async () => {
  rmSync(`${header}.minisig`);

  await expect(repair()).rejects.toMatchObject({ code: "BUNDLE_INVALID" });
  expect((await repair([])).rebuilt).toEqual([]);
});
