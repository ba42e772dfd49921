import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import { fixtureKey, fixturePublicKey } from "../../../../test/support/bundle-fixture.ts";
import { createBundlePorts } from "../../../../test/support/bundle-ports.ts";
import { LayoutFolder, type LayoutImage } from "../../../../test/support/layout-folder.ts";
import { createSeededRandom } from "../../../../test/support/memory-ports.ts";
import { formatSecretKey } from "../../../bundle/minisign-secret.ts";
import { openBundle } from "../../../bundle/open-bundle.ts";
import { openAssets } from "../../../cli/assets.ts";
import { createFailpoint } from "../../../platform/failpoint.ts";
import { formatReference, parseReference } from "../../../oci/reference.ts";
import { createBundle } from "../bundle-create.ts";
import type { BundleCreateRequest, BundleCreateResult } from "../create-request.ts";
import type { ActionPorts } from "../../context.ts";
import { readImageTable } from "../../desired/load-plan.ts";

/** Those of the checkout. */
export const assets = openAssets();

/** The folder of the running test. */
export let folder: string;

/** Every image of ours, small; `change` gives the named one another layer. */
export function ownImages(change: Readonly<Record<string, Partial<LayoutImage>>> = {}): readonly LayoutImage[] {
  return Object.entries(readImageTable(assets))
    .filter(([, { source }]) => source === "built")
    .map(([name, { reference }]) => ({
      reference: formatReference(parseReference(reference)),
      layers: ["shared:30000", `${name}:50000`],
      ...change[name],
    }));
}

/** In full, of an image of ours. */
export function referenceOf(name: string): string {
  return formatReference(parseReference(readImageTable(assets)[name]?.reference ?? ""));
}

/** A layout of images below the folder. */
export function layout(name: string, images: readonly LayoutImage[] = ownImages()): LayoutFolder {
  return new LayoutFolder(join(folder, name), images);
}

/** Real adapters, with a failpoint of the test's. */
export function testPorts(failpoint: ActionPorts["failpoint"] = createFailpoint({})): ActionPorts {
  return { ...createBundlePorts().ports, assets, failpoint };
}

/** A request as the command line makes it, for files below the folder. */
export function requestFor(output: string, from: string, more: Partial<BundleCreateRequest> = {}): BundleCreateRequest {
  return {
    name: "slipway",
    stateDir: join(folder, "state"),
    values: { profile: "infra", files: [], set: [], without: ["casdoor"] },
    output: join(folder, output),
    platforms: ["linux/amd64"],
    from: [from.startsWith("/") ? from : `oci:${join(folder, from)}`],
    since: [],
    tools: [],
    executables: [],
    keyFiles: [join(folder, "key.pub")],
    allowUnsigned: false,
    signing: { unsigned: false, keyFile: join(folder, "key") },
    plainHttp: false,
    dryRun: false,
    cacheDir: join(folder, "cache"),
    ...more,
  };
}

/** Makes a bundle from a layout. */
export async function create(
  output: string,
  from: string,
  more: Partial<BundleCreateRequest> = {},
): Promise<BundleCreateResult> {
  return createBundle(requestFor(output, from, more), testPorts());
}

/** What was written. */
export function bytesOf(name: string): Buffer {
  return readFileSync(join(folder, name));
}

/** Opens bundles by name, one over the other. */
export async function open(...names: readonly string[]) {
  const paths = names.map((name) => join(folder, name));
  return openBundle({ paths, partFolders: [], trustedKeys: [fixturePublicKey], allowUnsigned: false }, testPorts());
}

/** Each test of the file has an empty folder of its own, with a key. */
export function inFreshFolder(): void {
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "slipway-bundle-"));
    writeFileSync(join(folder, "key"), await formatSecretKey(fixtureKey, "", createSeededRandom("k")));
    writeFileSync(join(folder, "key.pub"), fixturePublicKey);
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
}
