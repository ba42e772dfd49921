import { copyFile, mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { CommandError } from "../errors/installer-error.ts";

/**
 * Makes the build context of the toolbox image: its Dockerfile, the Node of the project's own dependencies, the program bundled into
 * one file, and the licence texts of what is bundled.
 * @throws CommandError when the program cannot be bundled
 */
export async function makeToolboxContext(repoRoot: string, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  const node = join(repoRoot, "node_modules/node");
  await copyFile(join(repoRoot, "images/toolbox/Dockerfile"), join(folder, "Dockerfile"));
  await copyFile(join(node, "bin/node"), join(folder, "node"));
  const packages = await bundleToolbox(repoRoot, join(folder, "toolbox.cjs"));
  const texts = await Promise.all(packages.map((name) => licenceOf(join(repoRoot, name), name)));
  await writeFile(join(folder, "THIRD-PARTY-LICENCES.txt"), [await nodeLicence(node), ...texts].join("\n"));
}

/** Bundles the program into one CommonJS file and tells which installed packages went into it. */
async function bundleToolbox(repoRoot: string, outfile: string): Promise<readonly string[]> {
  // Only here: a CLI that builds nothing must not load the bundler.
  const { build } = await import("esbuild");
  try {
    const result = await build({
      absWorkingDir: repoRoot,
      entryPoints: ["toolbox/src/main.ts"],
      outfile,
      bundle: true,
      platform: "node",
      format: "cjs",
      target: "node24",
      // Optional native parts: the programs that want them run without.
      external: ["*.node", "cpu-features", "pg-native"],
      define: { "import.meta.url": "__moduleUrl" },
      banner: { js: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;" },
      metafile: true,
      logLevel: "silent",
      legalComments: "inline",
    });
    const folders = Object.keys(result.metafile.inputs).flatMap(
      (input) => /^(.*node_modules\/(?:@[^/]+\/)?[^/]+)\//.exec(input)?.[1] ?? [],
    );
    return [...new Set(folders)].sort();
  } catch (cause) {
    throw new CommandError("the toolbox program cannot be bundled", {
      cause,
      details: (cause instanceof Error ? cause.message : String(cause)).split("\n").slice(0, 30),
    });
  }
}

async function licenceOf(folder: string, name: string): Promise<string> {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8")) as {
    readonly version?: string;
    readonly license?: string;
  };
  const files = (await readdir(folder)).filter((file) => /^(?:licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), "utf8")));
  const title = `${name.replace(/^.*node_modules\//, "")} ${manifest.version ?? ""} (${manifest.license ?? "no licence named"})`;
  return [`==== ${title}`, ...texts, ""].join("\n");
}

async function nodeLicence(node: string): Promise<string> {
  const nested = join(node, "node_modules");
  const platform = (await readdir(nested)).find((name) => /^node-(?!bin-setup)/.test(name));
  const text = platform === undefined ? "" : await readFile(join(nested, platform, "LICENSE"), "utf8");
  return `==== Node.js\n${text}\n`;
}
