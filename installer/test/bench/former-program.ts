import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { mustRun, runChild } from "../support/child.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The last commit before one engine served every target. */
export const formerCommit = "4dcbb7bcaac8807e5b719ffbc99dcbeaacc5ef14";
export const formerName = formerCommit.slice(0, 7);

/** The program as it was at that commit, and the checkout it was built in. */
export interface FormerProgram {
  readonly folder: string;
  readonly program: string;
}

/**
 * Checks that commit out into the cache and builds it there with the packages of this checkout, once.
 * @throws {Error} when this clone does not have the commit
 */
export async function prepareFormerProgram(say: (text: string) => void): Promise<FormerProgram> {
  const cache = join(cacheHome(), "slipway", "bench");
  const folder = join(cache, formerCommit);
  const program = join(folder, "dist/slipway.cjs");
  if (existsSync(program)) return { folder, program };
  const known = await runChild("git", ["cat-file", "-e", `${formerCommit}^{commit}`], { cwd: root });
  if (known.exitCode !== 0) {
    throw new Error(
      `this clone has no commit ${formerName}, with which this row compares; a shallow one gets it by: git fetch --unshallow`,
    );
  }
  say(`building ${formerName} in ${folder}`);
  await mkdir(cache, { recursive: true });
  const work = await mkdtemp(join(cache, "build-"));
  try {
    const archive = join(work, "checkout.tar");
    await mustRun("git", ["archive", "--format=tar", "--output", archive, formerCommit], { cwd: root });
    await mustRun("tar", ["-xf", archive, "-C", work]);
    await rm(archive);
    await symlink(join(root, "node_modules"), join(work, "node_modules"));
    await mustRun(process.execPath, ["scripts/build.ts"], { cwd: work });
    await rename(work, folder);
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    throw error;
  }
  return { folder, program };
}

/** Takes the documents of the program it belongs to, and no others. */
const programsOwn = "toolbox";
/** The former toolbox copies a program out of the former one of these. */
const notLent: readonly string[] = [programsOwn, "temporal"];

/**
 * Runs a body while the engine has the images of the former program: its own toolbox, built once, and today's of nearly everything else
 * by the tags that it looks for. A tag is a digest of what an image is built from, and to build them all would take ten minutes.
 * What the engine has is left as it is.
 */
export async function withFormerImages<Result>(
  former: FormerProgram,
  say: (text: string) => void,
  body: () => Promise<Result>,
): Promise<Result> {
  const [today, before] = await Promise.all([readImages(root), readImages(former.folder)]);
  const lent: string[] = [];
  try {
    for (const [name, reference] of before) {
      const own = today.get(name);
      if (notLent.includes(name) || own === undefined || (await isThere(reference))) continue;
      await mustRun("docker", ["tag", own, reference]);
      lent.push(reference);
    }
    const toolbox = before.get(programsOwn);
    if (toolbox !== undefined && !(await isThere(toolbox))) {
      say(`building the toolbox of ${formerName}, once; it takes some minutes`);
      const program = "installer/src/cli/main.ts";
      await mustRun(process.execPath, [program, "images", "build", programsOwn], { cwd: former.folder });
    }
    return await body();
  } finally {
    for (const reference of lent) await runChild("docker", ["image", "rm", reference]);
  }
}

async function isThere(image: string): Promise<boolean> {
  return (await runChild("docker", ["image", "inspect", image])).exitCode === 0;
}

/** References of the images that are built here, by name. */
async function readImages(checkout: string): Promise<ReadonlyMap<string, string>> {
  const { images } = JSON.parse(await readFile(join(checkout, "images/images.generated.json"), "utf8")) as {
    readonly images: Readonly<Record<string, { readonly kind: string; readonly reference: string }>>;
  };
  return new Map(
    Object.entries(images).flatMap(([name, { kind, reference }]) => (kind === "built" ? [[name, reference]] : [])),
  );
}

function cacheHome(): string {
  const given = process.env["XDG_CACHE_HOME"];
  return given?.startsWith("/") === true ? given : join(homedir(), ".cache");
}
