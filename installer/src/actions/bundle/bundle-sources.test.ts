import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { layerOf } from "../../../test/support/sbom-fixture.ts";
import { openSources } from "./bundle-sources.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-test-sources-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test("what a killed run had unpacked is removed, what a running one has and other files are not", async () => {
  const { ports } = createBundlePorts();
  const alive = { ...ports, host: { ...ports.host, processAlive: (pid: number) => pid === 4711 } };
  const kept = ["spool-4711-0a-1b.tar", "layer-sizes.json"];
  for (const name of [...kept, "spool-4712-0a-1b.tar"]) writeFileSync(join(folder, name), "x");
  const index = { schemaVersion: 2, manifests: [] };
  const archive = join(folder, "haul.tar.gz");
  writeFileSync(archive, gzipSync(layerOf({ "oci-layout": "{}", "index.json": JSON.stringify(index) })));

  const sources = await openSources({ from: [archive], references: [], cacheDir: folder, step: "create" }, alive);

  expect(readdirSync(folder).filter((name) => name.startsWith("spool-"))).toHaveLength(2);
  expect(existsSync(join(folder, "spool-4712-0a-1b.tar"))).toBe(false);
  for (const source of sources) await source.close();
  expect(readdirSync(folder).sort()).toEqual([...kept, "haul.tar.gz"].sort());
});
