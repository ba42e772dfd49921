/** The connected side of an install without network. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BundleCreateResult } from "../../src/actions/bundle/create-request.ts";
import { fullTagged } from "../../src/oci/reference.ts";
import { ensureCasdoorStandIn } from "../stand-ins/casdoor/image.ts";
import { ensureHubStandIn } from "../stand-ins/hub/image.ts";
import { mustRun } from "../support/child.ts";
import { runPrefix } from "../support/platform.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

export interface Bundles {
  /** The program, as one file. */
  readonly program: string;
  /** What is in this folder: `release.pub`, and the three below as `slipway.tar`, `parts/` and `update.tar`. */
  readonly made: string;
  /** Of the profile `standard`, signed. */
  readonly bundle: BundleCreateResult;
  /** The same in parts. */
  readonly parts: BundleCreateResult;
  /** An update in which the gateway's image has another label. */
  readonly delta: BundleCreateResult;
}

/** Makes program, key pair and bundles below a folder, of which only what a person would carry goes to the other side. */
export async function makeBundles(folder: string): Promise<Bundles> {
  const made = join(folder, "made");
  const program = join(made, "slipway");
  const builtIn = ["--build-in", join(folder, "dist"), "--out", made];
  await mustRun(process.execPath, ["scripts/package.ts", "--platform", "linux/amd64", ...builtIn], { cwd: root });
  const there = { cwd: made };
  await mustRun(program, ["bundle", "keygen", "-o", "release", "--no-passphrase"], there);
  const create = async (...args: readonly string[]): Promise<BundleCreateResult> => {
    const signed = ["--profile", "standard", "--key", "release.pub", "--sign-key", "release.key", "--json"];
    return JSON.parse(await mustRun(program, ["bundle", "create", ...args, ...signed], there)) as BundleCreateResult;
  };
  await makeLayout(made, "vendor", await vendorImages());
  const sources = ["--from", "oci:vendor", "--from", "engine"];
  const bundle = await create("-o", "slipway.tar", ...sources);
  await mkdir(join(made, "parts"));
  const split = ["--split", "300MiB", "--parity", "1"];
  const parts = await create("-o", "parts/slipway.tar", "--from", "slipway.tar", ...split);
  await makeChangedGateway(made, bundle);
  const delta = await create("-o", "update.tar", "--since", "slipway.tar", "--from", "oci:changed", ...sources);
  return { program, made, bundle, parts, delta };
}

/** Images that cannot be had here, by the names of their makers: our stand-ins. */
async function vendorImages(): Promise<Readonly<Record<string, string>>> {
  const [casdoor, hub] = [await ensureCasdoorStandIn(), await ensureHubStandIn()];
  const { images } = JSON.parse(await readFile(join(root, "images/images.generated.json"), "utf8")) as {
    readonly images: Readonly<Record<string, { readonly reference: string }>>;
  };
  const standIns = { casdoor, "csghub-server": hub, "csghub-portal": hub };
  return Object.fromEntries(Object.entries(standIns).map(([name, image]) => [images[name]?.reference ?? name, image]));
}

/** Makes an OCI layout of images of this engine, each under another name; the engine's keep theirs. */
async function makeLayout(made: string, name: string, images: Readonly<Record<string, string>>): Promise<void> {
  const wanted = [...new Set(Object.values(images))].flatMap((image) => ["--image", image]);
  const create = ["bundle", "create", "--images-only", ...wanted, "--from", "engine", "--unsigned"];
  await mustRun(join(made, "slipway"), [...create, "-o", `${name}.tar`], { cwd: made });
  await mkdir(join(made, name));
  await mustRun("tar", ["-xf", `${name}.tar`, "-C", name], { cwd: made });
  const file = join(made, name, "index.json");
  const index = JSON.parse(await readFile(file, "utf8")) as { readonly manifests: readonly object[] };
  const manifests = Object.entries(images).flatMap(([reference, image]) => {
    const texts = index.manifests.map((manifest) => JSON.stringify(manifest));
    const own = texts.filter((text) => text.includes(fullTagged(image)));
    return own.map((text) => JSON.parse(text.replaceAll(fullTagged(image), fullTagged(reference))) as object);
  });
  await writeFile(file, JSON.stringify({ ...index, manifests }));
}

/** A layout in which the gateway's image has another label. */
async function makeChangedGateway(made: string, bundle: BundleCreateResult): Promise<void> {
  const reference = bundle.images.find(({ name }) => name === "gateway")?.reference ?? "";
  const image = `${runPrefix}changed:1`;
  const container = (await mustRun("docker", ["create", reference])).trim();
  try {
    await mustRun("docker", ["commit", "--change", "LABEL dev.slipway.test=changed", container, image]);
    await makeLayout(made, "changed", { [reference]: image });
  } finally {
    await mustRun("docker", ["rm", container]);
    await mustRun("docker", ["image", "rm", "--force", image]);
  }
}
