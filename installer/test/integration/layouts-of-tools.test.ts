import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect } from "vitest";
import type { ImageSource } from "../../src/oci/content.ts";
import { hexOf } from "../../src/oci/digest.ts";
import { parseReference } from "../../src/oci/reference.ts";
import { openFileSource } from "../../src/bundle/sources/file-source.ts";
import { openLayoutFolder } from "../../src/bundle/sources/layout-source.ts";
import { createTestRegistry, type TestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import { seedImage, syntheticBytes, syntheticImage } from "../stand-ins/registry/synthetic-image.ts";
import { createBundlePorts } from "../support/bundle-ports.ts";
import { missing, tool } from "./foreign-tools.ts";

const image = syntheticImage("tools", [syntheticBytes("one", 5000), syntheticBytes("two", 4000)]);
const sbom = "application/vnd.example.sbom.v1+json";
const { ports } = createBundlePorts();
const skopeo = missing("skopeo", ["--version"]);
const oras = missing("oras", ["version"]);
const crane = missing("crane", ["version"]);
let folder: string;
let registry: TestRegistry;
let reference: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-layouts-"));
  registry = await createTestRegistry({ referrersApi: true });
  seedImage(registry.store, "corp/app", image, "1.27");
  reference = `${registry.host}/corp/app:1.27`;
});

afterAll(async () => {
  await registry.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Not waited for with the process standing still: the registry that is asked is in it. */
async function run(command: string, args: readonly string[]): Promise<void> {
  await promisify(execFile)(command, args, { timeout: 30_000 });
}

const at = (name: string): string => join(folder, name);
const named = parseReference("corp/app");

/** Attaches an SBOM by its subject, in the registry. */
async function attach(): Promise<void> {
  writeFileSync(at("sbom.json"), "{}");
  const file = `${at("sbom.json")}:application/json`;
  await run("oras", ["attach", "--plain-http", "--disable-path-validation", "--artifact-type", sbom, reference, file]);
}

/** The image under the name given, with the kinds of what refers to it. */
async function kindsIn(source: ImageSource): Promise<readonly (string | undefined)[] | undefined> {
  const found = await source.resolve("docker.io/corp/app:1.27", []);
  await source.close();
  expect(found?.root.digest).toBe(image.root.digest);
  return found?.referrers.map(({ descriptor, tag }) => descriptor.artifactType ?? tag);
}

describe("a layout that has tags and no names is read as it was written by", () => {
  tool("oras", oras, "cp -r, with what refers to the image", async () => {
    await attach();
    await run("oras", ["cp", "-r", "--from-plain-http", "--to-oci-layout", reference, `${at("oras")}:1.27`]);

    const kinds = await kindsIn(await openLayoutFolder(at("oras"), ports.bulkFiles, named));

    expect(new Set(kinds)).toEqual(new Set([sbom]));
  });

  tool("oras", oras, "backup, as a folder and as an archive", async () => {
    await attach();
    for (const output of ["backup", "backup.tar"]) {
      await run("oras", ["backup", "--plain-http", "--include-referrers", "--output", at(output), reference]);
    }
    const request = { path: at("backup.tar"), spoolPath: at("spool.tar"), signal: ports.signal, as: named };
    const refuse = (): Promise<ImageSource> => Promise.reject(new Error("it is not a bundle"));

    const inFolder = await kindsIn(await openLayoutFolder(at("backup"), ports.bulkFiles, named));
    const inArchive = await kindsIn(
      await openFileSource(request, { ...ports, bulk: ports.bulkFiles, openBundle: refuse }),
    );

    expect(new Set(inFolder)).toEqual(new Set([sbom]));
    expect(new Set(inArchive)).toEqual(new Set([sbom]));
  });

  tool("skopeo", skopeo ?? oras, "copy, with the tag under which cosign keeps a signature", async () => {
    const tag = `sha256-${hexOf(image.root.digest)}.sig`;
    seedImage(registry.store, "corp/app", syntheticImage("signature", [syntheticBytes("s", 100)]), tag);
    for (const each of ["1.27", tag]) {
      const from = `docker://${registry.host}/corp/app:${each}`;
      await run("skopeo", ["copy", "--insecure-policy", "--src-tls-verify=false", from, `oci:${at("skopeo")}:${each}`]);
    }

    const source = await openLayoutFolder(at("skopeo"), ports.bulkFiles, named);
    const listed = (await source.list?.()) ?? [];
    await source.close();

    // It packs layers on the way: the image has another digest, which the signature is not of.
    expect(listed.map(({ references }) => references)).toEqual([["docker.io/corp/app:1.27"]]);
  });

  tool("crane", crane, "pull --format=oci, twice into one folder", async () => {
    for (let times = 0; times < 2; times++)
      await run("crane", ["pull", "--insecure", "--format=oci", reference, at("crane")]);
    const index = JSON.parse(readFileSync(join(at("crane"), "index.json"), "utf8")) as { manifests: unknown[] };
    expect(index.manifests).toHaveLength(2);

    const source = await openLayoutFolder(at("crane"), ports.bulkFiles, parseReference("corp/app:1.27"));

    expect(await kindsIn(source)).toEqual([]);
  });
});
