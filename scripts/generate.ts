// Writes every generated file; with --check it writes nothing and fails when one is not up to date.
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { type Generator, generatedFolders } from "./generate/generated-file.ts";

/** In this order, each loaded when the ones before have written: the later ones run the program, which is made of what the first ones write. */
const generators: readonly (() => Promise<Generator>)[] = [
  async () => (await import("./generate/templates.ts")).generateTemplates,
  async () => (await import("./generate/chart-schema.ts")).generateChartSchema,
  async () => (await import("./generate/chart-text.ts")).generateChartText,
  async () => (await import("./generate/toolbox-documents.ts")).generateToolboxDocuments,
  async () => (await import("./generate/image-references.ts")).generateImageReferences,
  async () => (await import("./generate/values-files.ts")).generateValuesFiles,
  async () => (await import("./generate/values-chinese.ts")).generateValuesChinese,
  async () => (await import("./generate/values-types.ts")).generateValuesTypes,
  async () => (await import("./generate/values-validator.ts")).generateValuesValidator,
  async () => (await import("./generate/values-docs.ts")).generateValuesDocs,
  async () => (await import("./generate/cli-docs.ts")).generateCliDocs,
  async () => (await import("./generate/json-output.ts")).generateJsonOutput,
  async () => (await import("./generate/bad-input.ts")).generateBadInput,
  async () => (await import("./generate/hardening.ts")).generateHardening,
  async () => (await import("./generate/compose-reference.ts")).generateComposeReference,
  async () => (await import("./generate/components-page.ts")).generateComponentsPage,
  async () => (await import("./generate/sizing-page.ts")).generateSizingPage,
  async () => (await import("./generate/scaling-page.ts")).generateScalingPage,
  async () => (await import("./generate/metrics-page.ts")).generateMetricsPage,
  async () => (await import("./generate/checks-page.ts")).generateChecksPage,
];

const root = new URL("..", import.meta.url);
const check = process.argv.includes("--check");
const stale: string[] = [];
const leftOver: string[] = [];
const made = new Set<string>();

for (const load of generators) {
  const generate = await load();
  for (const file of await generate(readText)) {
    made.add(file.path);
    const current = await readText(file.path).catch(() => undefined);
    if (current === file.contents) continue;
    stale.push(file.path);
    if (check) continue;
    const target = new URL(file.path, root);
    await mkdir(dirname(target.pathname), { recursive: true });
    await writeFile(target, file.contents);
  }
}

for (const folder of generatedFolders) {
  for (const path of await filesBelow(folder)) {
    if (made.has(path)) continue;
    leftOver.push(path);
    if (!check) await rm(new URL(path, root));
  }
}

for (const path of stale) console.log(`${check ? "out of date" : "written"}: ${path}`);
for (const path of leftOver) console.log(`${check ? "not made any more" : "removed"}: ${path}`);
const drifted = stale.length + leftOver.length;
if (check && drifted > 0) {
  console.log("run: npm run generate");
  process.exitCode = 1;
} else if (drifted === 0) {
  console.log("every generated file is up to date");
}

async function filesBelow(folder: string): Promise<readonly string[]> {
  const entries = await readdir(new URL(folder, root), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.pathname.length));
}

async function readText(path: string): Promise<string> {
  return await readFile(new URL(path, root), "utf8");
}
