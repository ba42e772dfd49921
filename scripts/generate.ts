// Writes every generated file; with --check it writes nothing and fails when one is not up to date.
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { generateBadInput } from "./generate/bad-input.ts";
import { generateCliDocs } from "./generate/cli-docs.ts";
import type { Generator } from "./generate/generated-file.ts";
import { generateImageReferences } from "./generate/image-references.ts";
import { generateTemplates } from "./generate/templates.ts";
import { generateValuesDocs } from "./generate/values-docs.ts";
import { generateValuesTypes } from "./generate/values-types.ts";
import { generateValuesValidator } from "./generate/values-validator.ts";

const generators: readonly Generator[] = [
  generateTemplates,
  generateImageReferences,
  generateValuesTypes,
  generateValuesValidator,
  generateValuesDocs,
  generateCliDocs,
  generateBadInput,
];

const root = new URL("..", import.meta.url);
const check = process.argv.includes("--check");
const drifted: string[] = [];

for (const generate of generators) {
  for (const file of await generate(readText)) {
    const current = await readText(file.path).catch(() => undefined);
    if (current === file.contents) continue;
    drifted.push(file.path);
    if (check) continue;
    const target = new URL(file.path, root);
    await mkdir(dirname(target.pathname), { recursive: true });
    await writeFile(target, file.contents);
  }
}

for (const path of drifted) console.log(`${check ? "out of date" : "written"}: ${path}`);
if (check && drifted.length > 0) {
  console.log("run: npm run generate");
  process.exitCode = 1;
} else if (drifted.length === 0) {
  console.log("every generated file is up to date");
}

async function readText(path: string): Promise<string> {
  return await readFile(new URL(path, root), "utf8");
}
