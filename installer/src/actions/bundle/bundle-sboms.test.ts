import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createBundlePorts } from "../../../test/support/bundle-ports.ts";
import { LayoutFolder } from "../../../test/support/layout-folder.ts";
import { type OpenedBundle, openBundle } from "../../bundle/open-bundle.ts";
import { openAssets } from "../../cli/assets.ts";
import { digestOf } from "../../oci/digest.ts";
import { formatReference, parseReference } from "../../oci/reference.ts";
import { createFailpoint } from "../../platform/failpoint.ts";
import { createBundle } from "./bundle-create.ts";
import type { BundleCreateRequest } from "./create-request.ts";
import type { ActionPorts } from "../context.ts";
import { readImageTable } from "../desired/load-plan.ts";

const assets = openAssets();
const ports: ActionPorts = { ...createBundlePorts().ports, assets, failpoint: createFailpoint({}) };
let folder: string;
const at = (name: string): string => join(folder, name);

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "slipway-bundle-sboms-"));
  const images = Object.entries(readImageTable(assets))
    .filter(([, { source }]) => source === "built")
    .map(([name, { reference }]) => ({
      reference: formatReference(parseReference(reference)),
      layers: ["shared:3000", `${name}:5000`],
    }));
  new LayoutFolder(at("layout"), images);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function create(output: string, more: Partial<BundleCreateRequest> = {}): Promise<OpenedBundle> {
  await createBundle(
    {
      name: "slipway",
      stateDir: at("state"),
      values: { profile: "infra", files: [], set: [], without: ["casdoor"] },
      output: at(output),
      platforms: ["linux/amd64"],
      from: [`oci:${at("layout")}`],
      since: [],
      tools: [],
      executables: [],
      keyFiles: [],
      allowUnsigned: true,
      signing: { unsigned: true },
      plainHttp: false,
      dryRun: false,
      cacheDir: at("cache"),
      ...more,
    },
    ports,
  );
  const opened = await openBundle(
    { paths: [at(output)], partFolders: [], trustedKeys: [], allowUnsigned: true },
    ports,
  );
  return opened;
}

it("puts a document of each image of ours into the bundle, and one of the whole that names them by digest", async () => {
  const bundle = await create("a.tar");

  try {
    for (const { name, sbom } of bundle.manifest.images) {
      expect(sbom).toBe(`files/sbom/${name}.spdx.json`);
      expect(JSON.parse((await bundle.readFile(sbom ?? "")).toString())).toMatchObject({ spdxVersion: "SPDX-2.3" });
    }
    const whole = JSON.parse((await bundle.readFile("files/sbom/bundle.spdx.json")).toString()) as {
      readonly externalDocumentRefs: readonly { readonly checksum: { readonly checksumValue: string } }[];
    };
    const listed = whole.externalDocumentRefs.map(({ checksum }) => `sha256:${checksum.checksumValue}`);
    const documents = bundle.manifest.images.map(async ({ sbom }) => digestOf(await bundle.readFile(sbom ?? "")));
    expect(listed.toSorted()).toEqual((await Promise.all(documents)).toSorted());
  } finally {
    await bundle.close();
  }
});

it("makes the same bundle with what was kept of layers and without", async () => {
  await (await create("a.tar")).close();
  await (await create("b.tar")).close();
  await (await create("c.tar", { cacheDir: at("other") })).close();

  const [first, second, third] = ["a.tar", "b.tar", "c.tar"].map((name) => digestOf(readFileSync(at(name))));
  expect(second).toBe(first);
  expect(third).toBe(first);
});

it("carries the licences that lie beside the executable", async () => {
  // The head of an ELF file for x86-64 is enough to be taken for a program.
  const program = Buffer.alloc(64);
  program.write("\x7fELF", "latin1");
  program.writeUInt16LE(0x3e, 18);
  writeFileSync(at("slipway"), program);
  writeFileSync(at("node.LICENSES.txt"), "of Node");
  writeFileSync(at("slipway.LICENSES.txt"), "of packages");

  const bundle = await create("a.tar", { executables: [at("slipway")] });

  try {
    expect((await bundle.readFile("files/licenses/node.LICENSES.txt")).toString()).toBe("of Node");
    expect((await bundle.readFile("files/licenses/slipway.LICENSES.txt")).toString()).toBe("of packages");
  } finally {
    await bundle.close();
  }
});
