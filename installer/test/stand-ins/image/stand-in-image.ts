import { createHash } from "node:crypto";
import { copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { execa } from "execa";
import { ownReference } from "../../../src/images/build-plan.ts";
import { parseCatalogue } from "../../../src/images/catalogue.ts";
import { computeImageTags } from "../../../src/images/image-tags.ts";

const standIns = fileURLToPath(new URL("../", import.meta.url));
const repoRoot = fileURLToPath(new URL("../../../../", import.meta.url));

/** First line of a program that is a file of its own. */
export const shebang = "#!/usr/local/bin/node\n";

export interface StandInImage {
  /** Folder beside this one, with the Dockerfile; the image is `slipway-test/<folder>`. */
  readonly folder: string;
  /** Files of the image that are bundled programs: name to entry point, below the stand-ins, and what stands before the program. */
  readonly programs: Readonly<Record<string, { readonly entry: string; readonly banner: string }>>;
}

/**
 * An image of a stand-in, on the base of all images and with Node, `slipway-test/<folder>:<hash of what goes into it>`; built if it is not there.
 * @throws {Error} when the base image has not been built (`slipway images build base`) or the build fails.
 */
export async function ensureStandInImage({ folder, programs }: StandInImage): Promise<string> {
  const node = join(repoRoot, "node_modules/node");
  const [base, files, dockerfile, nodeManifest] = await Promise.all([
    baseReference(),
    Promise.all(
      Object.entries(programs).map(
        async ([name, { entry, banner }]) => [name, banner + (await bundle(entry))] as const,
      ),
    ),
    readFile(join(standIns, folder, "Dockerfile"), "utf8"),
    readFile(join(node, "package.json"), "utf8"),
  ]);
  const hash = createHash("sha256")
    .update(JSON.stringify([base, files, dockerfile, nodeManifest]))
    .digest("hex");
  const reference = `slipway-test/${folder}:${hash.slice(0, 16)}`;
  if (await isThere(reference)) return reference;
  if (!(await isThere(base))) throw new Error(`${base} is not built: run ./slipway images build base`);
  const context = await mkdtemp(join(tmpdir(), `slipway-${folder}-`));
  try {
    await copyFile(join(node, "bin/node"), join(context, "node"));
    await writeFile(join(context, "Dockerfile"), dockerfile);
    for (const [name, text] of files) await writeFile(join(context, name), text);
    await execa("docker", ["build", "--quiet", "--build-arg", `BASE=${base}`, "--tag", reference, context], {
      env: { DOCKER_BUILDKIT: "1" },
    });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
  return reference;
}

async function baseReference(): Promise<string> {
  const catalogue = parseCatalogue(await readFile(join(repoRoot, "images/catalogue.yaml"), "utf8"));
  return ownReference(catalogue, await computeImageTags(repoRoot), "base");
}

async function isThere(reference: string): Promise<boolean> {
  const result = await execa("docker", ["image", "inspect", "--format", "{{.Id}}", reference], { reject: false });
  return result.exitCode === 0;
}

async function bundle(entry: string): Promise<string> {
  const result = await build({
    absWorkingDir: repoRoot,
    entryPoints: [join(standIns, entry)],
    bundle: true,
    write: false,
    platform: "node",
    format: "cjs",
    target: "node24",
    external: ["pg-native"],
    legalComments: "none",
    logLevel: "silent",
  });
  return result.outputFiles[0]?.text ?? "";
}
