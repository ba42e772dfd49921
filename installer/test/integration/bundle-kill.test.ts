import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { parseReference } from "../../src/oci/reference.ts";
import { type ChildResult, runChild } from "../support/child.ts";
import { sampleImages } from "./push-world.ts";
import { createTestRegistry, type TestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import { seedImage } from "../stand-ins/registry/synthetic-image.ts";

const images = sampleImages(6, 300_000);
let folder: string;
let registry: TestRegistry;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-kill-"));
  registry = await createTestRegistry({ latencyMs: 10 });
  for (const [reference, image] of Object.entries(images)) {
    const { repository, tag } = parseReference(reference);
    seedImage(registry.store, repository, image, tag);
  }
});

afterEach(async () => {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

function create(output: string, failpoint: Readonly<Record<string, string>> = {}): Promise<ChildResult> {
  const references = Object.keys(images).map((name) => name.replace("docker.io", registry.host));
  const args = [
    "--images-only",
    ...references.flatMap((name) => ["--image", name]),
    "--from",
    "registry",
    "--unsigned",
  ];
  const command = ["installer/src/cli/main.ts", "bundle", "create", "-o", join(folder, output), ...args];
  const env = { PATH: process.env["PATH"], HOME: folder, XDG_CACHE_HOME: join(folder, "cache"), ...failpoint };
  return runChild(process.execPath, command, { env });
}

/** Lines of the journal: what it is about, and a line for each blob that is whole. */
function journalLines(): number {
  const path = join(folder, "b.tar.partial.journal");
  return existsSync(path) ? readFileSync(path, "utf8").split("\n").length - 1 : 0;
}

it("bundle create that is killed leaves no bundle, and the same command goes on to the same bytes", async () => {
  const written: number[] = [];
  for (let kill = 0; kill < 3; kill += 1) {
    const killed = await create("b.tar", { SLIPWAY_FAILPOINT: "bundle.blob" });
    expect(killed.signal).toBe("SIGKILL");
    expect(existsSync(join(folder, "b.tar"))).toBe(false);
    written.push(journalLines());
  }
  registry.clearLog();

  const done = await create("b.tar");

  // Each of them kept what those before it wrote, and added to it.
  expect(written).toEqual(written.toSorted((a, b) => a - b));
  expect(new Set(written).size).toBe(written.length);
  expect([done.exitCode, done.stderr]).toEqual([0, expect.not.stringContaining("error:")]);
  expect(registry.requests("GET", /\/blobs\//).length).toBeLessThan(6 * 4);
  expect((await create("undisturbed.tar")).exitCode).toBe(0);
  expect(readFileSync(join(folder, "b.tar")).equals(readFileSync(join(folder, "undisturbed.tar")))).toBe(true);
  expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
});
