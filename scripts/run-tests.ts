// Runs every check and ends with one line that says how many passed. Called by ./test, which has set everything up.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Tally, addCheck, addCounts, closingLine, emptyTally } from "./testing/tally.ts";
import { type Counts, countFileVariable } from "./testing/count-reporter.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const full = process.argv.includes("--full");
const work = mkdtempSync(join(tmpdir(), "slipway-test-"));
const running = new Set<ChildProcess>();
const minute = 60_000;

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
  readonly seconds: number;
}

/** Each counts as one check. */
const staticChecks: readonly (readonly [name: string, command: string, ...args: readonly string[]])[] = [
  ["typecheck", "tsc", "-p", "installer/tsconfig.json"],
  ["eslint", "eslint", "-c", "installer/eslint.config.js", "."],
  ["source rules", "node", "scripts/check-source-rules.ts"],
  ["format", "biome", "format", "."],
  ["dead code", "knip"],
  ["generated files", "node", "scripts/generate.ts", "--check"],
  ["bundle", "node", "scripts/build.ts"],
];

/** In this order; the last two need the images. */
const projects = [
  { name: "unit", args: ["--coverage"], minutes: 15, needsImages: false },
  { name: "integration", args: [], minutes: full ? 60 : 20, needsImages: true },
  { name: "e2e", args: [], minutes: full ? 240 : 45, needsImages: true },
] as const;

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    rmSync(work, { recursive: true, force: true });
    console.log("interrupted");
    process.exit(130);
  });
}

const tally = await runEverything();
rmSync(work, { recursive: true, force: true });
for (const skip of tally.skipped) console.log(`skipped: ${skip.name}: ${skip.reason}`);
for (const name of tally.failed) console.log(`failed: ${name}`);
console.log(closingLine(tally));
if (tally.failed.length > 0) process.exitCode ??= 1;

async function runEverything(): Promise<Tally> {
  const result = emptyTally();
  // The images take longest and need little of what the checks need: both at the same time.
  const images = run("images", "./slipway", ["images", "build"], { minutes: 70 });
  // After them: both need the Go builder, and two builds of it would race.
  const helm = images.then(() => run("helm", "scripts/testbed/build-helm.sh", [], { minutes: 30 }));
  for (const [name, command, ...args] of staticChecks) {
    const outcome = await run(name, command, args, { minutes: 10 });
    announce(name, outcome);
    addCheck(result, name, outcome.exitCode === 0);
  }
  for (const project of projects.filter((candidate) => !candidate.needsImages)) await runProject(project, result);
  const built = await images;
  announce("images", built);
  addCheck(result, "images", built.exitCode === 0);
  const helmBuilt = await helm;
  announce("helm", helmBuilt);
  addCheck(result, "helm", helmBuilt.exitCode === 0);
  for (const project of projects.filter((candidate) => candidate.needsImages)) {
    if (built.exitCode === 0) await runProject(project, result);
    else addCheck(result, `${project.name}: not run, because the images could not be built`, false);
  }
  return result;
}

async function runProject(project: (typeof projects)[number], result: Tally): Promise<void> {
  const countFile = join(work, `${project.name}.json`);
  const args = [
    "run",
    ...["-c", "installer/vitest.config.ts", "--project", project.name],
    ...["--reporter=default", "--reporter=./scripts/testing/count-reporter.ts"],
    ...project.args,
  ];
  const env = { [countFileVariable]: countFile, ...(full && { SLIPWAY_FULL: "1" }) };
  const outcome = await run(project.name, "vitest", args, { minutes: project.minutes, env });
  announce(project.name, outcome);
  addCounts(result, project.name, readCounts(countFile), outcome.exitCode);
}

function readCounts(path: string): Counts | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Counts;
  } catch {
    return undefined;
  }
}

/** One line for each phase; what it printed only when it failed. */
function announce(name: string, outcome: Outcome): void {
  const took = `${outcome.seconds.toFixed(1)} s`;
  if (outcome.exitCode === 0) {
    console.log(`== ${name}: ok, ${took}`);
    return;
  }
  console.log(outcome.output.trimEnd());
  console.log(`== ${name}: FAILED (exit ${outcome.exitCode}), ${took}`);
}

interface RunSettings {
  readonly minutes: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs a program with its output in a file; one that takes too long is ended. */
async function run(name: string, command: string, args: readonly string[], settings: RunSettings): Promise<Outcome> {
  const begin = performance.now();
  const path = join(work, `${name.replaceAll(" ", "-")}.log`);
  const log = openSync(path, "w");
  const child = spawn(command, args, {
    cwd: root,
    stdio: ["ignore", log, log],
    env: { ...process.env, ...settings.env },
  });
  running.add(child);
  const timer = setTimeout(() => {
    console.log(`== ${name}: ended after ${settings.minutes} minutes`);
    child.kill("SIGTERM");
    setTimeout(() => child.kill("SIGKILL"), minute).unref();
  }, settings.minutes * minute);
  const exitCode = await new Promise<number>((resolve) => {
    child.on("error", () => resolve(127));
    child.on("close", (code) => resolve(code ?? 1));
  });
  clearTimeout(timer);
  running.delete(child);
  closeSync(log);
  return { exitCode, output: readFileSync(path, "utf8"), seconds: (performance.now() - begin) / 1000 };
}
