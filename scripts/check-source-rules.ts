// Checks what ESLint cannot see in one file: which files import each other in a circle. Fast: files are only parsed.
import { fileURLToPath } from "node:url";
import { describeCircle, findCircles } from "./source-rules/circles.ts";
import { readImportGraph, sourceFiles } from "./source-rules/import-graph.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = sourceFiles(root);
const graph = readImportGraph(root, files);
const problems = findCircles(graph).map((circle) => describeCircle(graph, circle));

for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems`);
if (problems.length > 0) process.exitCode = 1;
