// Makes dist/slipway and dist/slipway-linux-arm64: the program and Node in one file, which needs nothing else installed.
// `npm run package -- [--platform linux/amd64] [--out FOLDER] [--build-in FOLDER] [--no-build]`
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { mustRun } from "../installer/test/support/child.ts";
import { type NodePins, nodeCache, readNodeBinary, readNodeLicense } from "./packaging/node-binaries.ts";
import { stripElf } from "./packaging/strip-elf.ts";

/** Node looks for these: https://nodejs.org/docs/latest-v24.x/api/single-executable-applications.html */
const resource = "NODE_SEA_BLOB";
const fuse = "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2";

const root = fileURLToPath(new URL("..", import.meta.url));
const outputs: Readonly<Record<string, { readonly file: string; readonly processor: string }>> = {
  "linux/amd64": { file: "slipway", processor: "x64" },
  "linux/arm64": { file: "slipway-linux-arm64", processor: "arm64" },
};

const { values: options } = parseArgs({
  options: {
    platform: { type: "string", multiple: true, default: Object.keys(outputs) },
    out: { type: "string", default: join(root, "dist") },
    "build-in": { type: "string", default: join(root, "dist") },
    "no-build": { type: "boolean", default: false },
  },
});

const built = options["build-in"];
const node = join(root, "node_modules/node/bin/node");
const pins = JSON.parse(await readFile(join(root, "offline-bundle/node.json"), "utf8")) as NodePins;
const running = (await mustRun(node, ["--version"])).trim();
if (running !== `v${pins.version}`) {
  throw new Error(
    `node_modules has Node ${running}, offline-bundle/node.json pins ${pins.version}: bring them together`,
  );
}
if (!options["no-build"]) {
  // The date of the commit, not of the day: the same checkout makes the same bytes.
  const date = process.env["SOURCE_DATE_EPOCH"] ?? (await commitDate());
  const env = { ...process.env, SOURCE_DATE_EPOCH: date };
  await mustRun(node, ["scripts/build.ts", "--out", built], { cwd: root, env });
}
await mkdir(options.out, { recursive: true });
for (const platform of options.platform) {
  const file = await makeExecutable(platform);
  console.log(`${file} for ${platform}`);
}
// Node is in them: its licences go with them, as those of the npm packages do (dist/slipway.LICENSES.txt).
await writeFile(join(options.out, "node.LICENSES.txt"), await readNodeLicense(pins, nodeCache(process.env)));

async function makeExecutable(platform: string): Promise<string> {
  const output = outputs[platform];
  if (output === undefined)
    throw new Error(`there is no executable for ${platform}, only ${Object.keys(outputs).join(", ")}`);
  const binary = stripElf(await readNodeBinary(pins, platform, node, nodeCache(process.env)));
  const folder = await mkdtemp(join(options.out, ".package-"));
  try {
    const blob = join(folder, "blob");
    const config = {
      main: join(built, "slipway-executable.cjs"),
      output: blob,
      disableExperimentalSEAWarning: true,
      useSnapshot: false,
      // Compiled code is only good for the processor it was compiled on.
      useCodeCache: output.processor === process.arch,
      assets: await listProgram(),
    };
    await writeFile(join(folder, "config.json"), JSON.stringify(config));
    // With a seed of chance compiled code would be other bytes each time; this flag does not make it one for other runs only.
    await mustRun(node, ["--random-seed=1", "--experimental-sea-config", join(folder, "config.json")]);
    const made = join(folder, output.file);
    await writeFile(made, binary, { mode: 0o755 });
    // In a process of its own: it warns about the missing section table, which nothing here needs.
    await mustRun(node, [
      join(root, "node_modules/postject/dist/cli.js"),
      made,
      resource,
      blob,
      "--sentinel-fuse",
      fuse,
    ]);
    const file = join(options.out, output.file);
    await rename(made, file);
    return file;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the program loads while it runs, by the names it asks for. */
async function listProgram(): Promise<Readonly<Record<string, string>>> {
  const folder = join(built, "program");
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(paths.toSorted().map((path) => [`program/${relative(folder, path)}`, path]));
}

async function commitDate(): Promise<string> {
  return (await mustRun("git", ["log", "-1", "--format=%ct"], { cwd: root })).trim();
}
