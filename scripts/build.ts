// Builds the command line: dist/slipway.cjs with the files it loads beside it, which need Node and nothing else.
// `npm run build -- [--out FOLDER]`
import { chmod, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Plugin, build } from "esbuild";
import { collectLicenses } from "./packaging/collect-licenses.ts";
import { lazyModules } from "./packaging/lazy-modules.ts";
import { leanDockerode } from "./packaging/lean-dockerode.ts";
import { packProgram } from "./packaging/pack-program.ts";
import { type PackedValue, packValue } from "../installer/src/values/packed-values.ts";
import { parseValues } from "../installer/src/values/parse-values.ts";
import { assetFiles, assetFolders } from "../installer/src/cli/assets.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({ options: { out: { type: "string", default: join(root, "dist") } } });
const out = resolve(options.out);
const sourceDate = process.env["SOURCE_DATE_EPOCH"];
const builtAt = (sourceDate === undefined ? new Date() : new Date(Number(sourceDate) * 1000)).toISOString();

const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { readonly version: string };
const assets = await listAssets();
/** Packages that modules of quick commands name and often do not use. */
const lazyPackages = ["picocolors", "yaml"];
const starts = { "from-files": "slipway.cjs", "from-executable": "slipway-executable.cjs" };

const bundled = await build({
  absWorkingDir: root,
  entryPoints: { main: "installer/src/cli/main.ts", ...Object.fromEntries(lazyPackages.map((name) => [name, name])) },
  outdir: out,
  bundle: true,
  splitting: true,
  platform: "node",
  format: "esm",
  target: "node24",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  // What only a checkout builds images with.
  external: ["*.node", "cpu-features", "esbuild", "slipway:data"],
  define: { slipwayIsShipped: "true" },
  plugins: [packedAssets(), leanDockerode(), lazyModules(lazyPackages)],
  metafile: true,
  write: false,
  logLevel: "warning",
});
const files = await packProgram(bundled, [
  { name: "start", entries: [/cli\/main\.ts$/, /\/(assets|create-engine|run-cli)\.ts$/, /ui\/reporter\.ts$/] },
  { name: "hashing", entries: [/\/hashing-threads\.ts$/] },
  { name: "values", entries: [/\/validate\.ts$/, /\/file-system\.ts$/] },
  {
    name: "render",
    entries: [
      ...[/commands\/plan\.ts$/, /actions\/plan\/plan\.ts$/, /commands\/render\.ts$/, /actions\/render\/render\.ts$/],
      ...[/engine\/targets\.ts$/, /compose\/rules\.ts$/],
    ],
  },
  { name: "commands", entries: [/cli\/commands\//] },
  {
    name: "platform",
    entries: [/\/create-ports\.ts$/, /actions\/install\/install\.ts$/, /actions\/status\/status\.ts$/],
  },
  { name: "cluster", entries: [/kubernetes\/cluster-calls\.ts$/] },
  { name: "other", entries: [/^installer\/src\//] },
]);

const program = join(out, "program");
await rm(program, { recursive: true, force: true });
for (const path of assets) await write(join(program, "data", path), await readFile(join(root, path), "utf8"));
for (const { name, text } of files) {
  await write(join(program, `${name}.cjs`), text);
  console.log(`program/${name}.cjs ${Math.ceil(text.length / 1024)} KiB`);
}
const digests = Object.fromEntries(files.map(({ name, text }) => [name, digestOf(text)]));
for (const [entry, output] of Object.entries(starts)) {
  await build({
    absWorkingDir: root,
    entryPoints: [`installer/src/start/${entry}.ts`],
    outfile: join(out, output),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node24",
    plugins: [lazyModules([])],
    define: { packed: JSON.stringify({ version, digests }) },
    banner: { js: "#!/usr/bin/env node" },
    logLevel: "warning",
  });
  await chmod(join(out, output), 0o755);
}
await writeFile(join(out, "slipway.LICENSES.txt"), await collectLicenses(root, Object.keys(bundled.metafile.inputs)));

/** Data files lie beside the program instead of in a checkout. */
function packedAssets(): Plugin {
  return {
    name: "packed-assets",
    setup(hooks) {
      hooks.onLoad({ filter: /installer\/src\/cli\/assets\.ts$/ }, () => ({
        loader: "js",
        contents: `import { readText } from "slipway:data";
import { unpackValue } from "../values/packed-values.ts";
const packedValues = ${JSON.stringify(JSON.stringify(packValues()))};
const paths = ${JSON.stringify(assets)};
export function openAssets() {
  return {
    readText: (path) => {
      if (!paths.includes(path)) throw new Error("the program was built without " + path);
      return readText(path);
    },
    readValues: (path) => unpackValue(JSON.parse(packedValues)[path], path, path === "values/values.yaml" ? "defaults" : "profile"),
    listBelow: (folder) => paths.filter((path) => path.startsWith(folder + "/")),
    checkout: undefined,
    version: ${JSON.stringify(version)},
    builtAt: ${JSON.stringify(builtAt)},
  };
}`,
      }));
    },
  };
}

/** Defaults and profiles, read here once and not at every start. */
function packValues(): Readonly<Record<string, PackedValue>> {
  const paths = assets.filter((path) => /^values\/.*\.yaml$/.test(path));
  return Object.fromEntries(
    paths.map((path) => {
      const text = readFileSync(join(root, path), "utf8");
      return [path, packValue(parseValues({ name: path, text }, "defaults"))];
    }),
  );
}

async function listAssets(): Promise<readonly string[]> {
  const paths = new Set(assetFiles);
  for (const folder of assetFolders) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isFile()) paths.add(join(entry.parentPath, entry.name).slice(root.length));
    }
  }
  return [...paths].toSorted();
}

function digestOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

async function write(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}
