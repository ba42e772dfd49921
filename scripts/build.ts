// Bundles the command line into dist/slipway.cjs: one file that needs Node and nothing else.
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Plugin, build } from "esbuild";
import { collectLicenses } from "./packaging/collect-licenses.ts";
import { assetFiles, assetFolders } from "../installer/src/cli/assets.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const sourceDate = process.env["SOURCE_DATE_EPOCH"];
const builtAt = (sourceDate === undefined ? new Date() : new Date(Number(sourceDate) * 1000)).toISOString();

const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { readonly version: string };

await mkdir(join(root, "dist"), { recursive: true });
const result = await build({
  absWorkingDir: root,
  entryPoints: { "slipway-main": "installer/src/cli/main.ts" },
  outdir: "dist",
  outExtension: { ".js": ".cjs" },
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node24",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  // Native parts of ssh2, which it can do without; and what only a checkout builds images with.
  external: ["*.node", "cpu-features", "esbuild"],
  define: { "import.meta.url": "__importMetaUrl", slipwayIsShipped: "true" },
  banner: { js: "const __importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  plugins: [inlineAssets()],
  metafile: true,
  logLevel: "warning",
});

// Compiled code is kept between runs; where the cache cannot be written, everything works without it.
const launcher = `#!/usr/bin/env node
"use strict";
if (process.argv.length === 3 && process.argv[2] === "--version") {
  process.stdout.write(${JSON.stringify(`${version}\n`)});
} else {
  const { homedir } = require("node:os");
  const { join } = require("node:path");
  // Not the default place below the temporary directory: others could put code there.
  const cache = process.env.XDG_CACHE_HOME?.startsWith("/") ? process.env.XDG_CACHE_HOME : join(homedir(), ".cache");
  require("node:module").enableCompileCache(join(cache, "slipway", "compiled"));
  require("./slipway-main.cjs");
}
`;
await writeFile(join(root, "dist/slipway.cjs"), launcher, { mode: 0o755 });
await writeFile(
  join(root, "dist/slipway.LICENSES.txt"),
  await collectLicenses(root, Object.keys(result.metafile.inputs)),
);
for (const [path, output] of Object.entries(result.metafile.outputs)) {
  console.log(`${path} ${(output.bytes / 1024 / 1024).toFixed(1)} MiB`);
}

/** Puts the data files into the program in place of the module that reads them from the checkout. */
function inlineAssets(): Plugin {
  return {
    name: "inline-assets",
    setup(hooks) {
      hooks.onLoad({ filter: /installer\/src\/cli\/assets\.ts$/ }, async () => ({
        loader: "js",
        contents: `const files = ${JSON.stringify(await readAssets())};
export function openAssets() {
  return {
    readText: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error("the program was built without " + path);
      return text;
    },
    listBelow: (folder) => Object.keys(files).filter((path) => path.startsWith(folder + "/")).sort(),
    checkout: undefined,
    version: ${JSON.stringify(version)},
    builtAt: ${JSON.stringify(builtAt)},
  };
}`,
      }));
    },
  };
}

async function readAssets(): Promise<Readonly<Record<string, string>>> {
  const paths = new Set(assetFiles);
  for (const folder of assetFolders) {
    const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      if (entry.isFile()) paths.add(join(entry.parentPath, entry.name).slice(root.length));
    }
  }
  const texts = [...paths].toSorted().map(async (path) => [path, await readFile(join(root, path), "utf8")] as const);
  return Object.fromEntries(await Promise.all(texts));
}
