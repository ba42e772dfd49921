// Checks what ESLint cannot see in one file: circles of imports, and names that stand where they may not. Files are only parsed.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { checkNames } from "./source-rules/check-names.ts";
import { describeCircle, findCircles } from "./source-rules/circles.ts";
import { readImportGraph, sourceFiles } from "./source-rules/import-graph.ts";
import { componentNames, targetNames } from "./source-rules/name-rules.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const program = "installer/src/";
const files = sourceFiles(root);
const graph = readImportGraph(root, files);
const sources = files
  .filter((file) => file.startsWith(program) && !/\.test\.ts$|\.generated\.ts$|\/testing\//.test(file))
  .map((file) => ({ path: file.slice(program.length), text: readFileSync(join(root, file), "utf8") }));
const components = sources.flatMap(({ path }) => /^plan\/components\/([\w-]+)\.ts$/.exec(path)?.[1] ?? []);

const problems = [
  ...findCircles(graph).map((circle) => describeCircle(graph, circle)),
  ...checkNames(componentNames(components.filter((name) => name !== "all")), sources),
  ...checkNames(targetNames, sources),
];
for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;
