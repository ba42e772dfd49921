// Runs every check and ends with one line that says how many passed. Called by ./test, which has set everything up.
import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Tally, addCheck, addCounts, closingLine, emptyTally } from "./testing/tally.ts";
import { type Counts, countFileVariable } from "./testing/count-reporter.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const { values: options } = parseArgs({
  options: {
    full: { type: "boolean", default: false },
    only: { type: "string" },
    repeat: { type: "string", default: "1" },
    busy: { type: "boolean", default: false },
  },
});
const { full } = options;
const work = mkdtempSync(join(tmpdir(), "slipway-test-"));
const running = new Set<ChildProcess>();
const minute = 60_000;
/** In seconds. A run on a machine that has nothing yet ends within 75 minutes, of which the suites that come after the builds need 30. */
const buildsEndAfter = 45 * 60;
/** In seconds: when the builds took longer, what takes many minutes on a cluster is left out. */
const timeForClusters = 20 * 60;

interface Outcome {
  readonly exitCode: number;
  readonly output: string;
  readonly seconds: number;
}

type Check = readonly [name: string, command: string, ...args: readonly string[]];

/** Makes a file that tests of whole programs read. */
const bundleCheck: Check = ["bundle", "node", "scripts/build.ts"];

/** Each counts as one check. These take seconds. */
const quickChecks: readonly Check[] = [
  ["typecheck", "tsc", "-p", "installer/tsconfig.json"],
  ["source rules", "node", "scripts/check-source-rules.ts"],
  ["format", "biome", "format", "."],
  ["generated files", "node", "scripts/generate.ts", "--check"],
  bundleCheck,
];

/** These take long, and stand back for what waits for the engine: as `nice` they take what that leaves of the cores. */
const longChecks: readonly Check[] = [
  ["eslint", "nice", "eslint", "-c", "installer/eslint.config.js", "."],
  ["dead code", "nice", "knip"],
];

interface Suite {
  readonly name: string;
  readonly args: readonly string[];
  readonly minutes: number;
  /** Needs the images; one that does not is run as `nice`. */
  readonly needsImages: boolean;
}

const unit: Suite = { name: "unit", args: ["--coverage"], minutes: 30, needsImages: false };
const integration: Suite = { name: "integration", args: [], minutes: full ? 100 : 62, needsImages: true };
const endToEnd: Suite = { name: "e2e", args: [], minutes: full ? 240 : 75, needsImages: true };

for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.once(signal, () => {
    for (const child of running) child.kill(signal);
    rmSync(work, { recursive: true, force: true });
    console.log("interrupted");
    process.exit(130);
  });
}

const tally = emptyTally();
if (options.busy) for (let core = 0; core < availableParallelism(); core += 1) keepBusy();
for (let round = 1; round <= Number(options.repeat); round += 1) await runEverything(tally, round);
for (const child of running) child.kill("SIGKILL");
rmSync(work, { recursive: true, force: true });
for (const skip of tally.skipped) console.log(`skipped: ${skip.name}: ${skip.reason}`);
for (const name of tally.failed) console.log(`failed: ${name}`);
console.log(closingLine(tally));
if (tally.failed.length > 0) process.exitCode ??= 1;

/** Something that takes a core for itself, so that tests run as on a machine that is slow and full. */
function keepBusy(): void {
  running.add(spawn(process.execPath, ["--eval", "for (;;);"], { stdio: "ignore" }));
}

async function runEverything(result: Tally, round: number): Promise<void> {
  const isWanted = ({ name }: Suite): boolean => options.only?.split(",").includes(name) ?? true;
  const needsPrograms = [integration, endToEnd].some(isWanted);
  const ready = needsPrograms ? getReady(result) : undefined;
  const runSuite = async (suite: Suite): Promise<void> => {
    if (!isWanted(suite)) return;
    const toolsPath = suite.needsImages ? await ready : "";
    if (toolsPath === undefined)
      addCheck(result, `${suite.name}: not run, because the images could not be built`, false);
    else await runProject(suite, round, toolsPath, result);
  };
  const checks = options.only === undefined ? quickChecks : needsPrograms ? [bundleCheck] : [];
  for (const check of checks) await runCheck(check, result);
  // Two rows side by side: what waits for the engine leaves the cores to the other.
  const checked = async (): Promise<void> => {
    if (options.only === undefined) for (const check of longChecks) await runCheck(check, result);
    await runSuite(unit);
    await runSuite(integration);
  };
  await Promise.all([checked(), runSuite(endToEnd), ready]);
}

async function runCheck([name, command, ...args]: Check, result: Tally): Promise<void> {
  const outcome = await run(name, command, args, { minutes: 20 });
  announce(name, outcome);
  addCheck(result, name, outcome.exitCode === 0);
}

/** Makes what the suites that need the engine need; gives where to find the tools, or undefined without images. */
async function getReady(result: Tally): Promise<string | undefined> {
  const tools = run("tools", "scripts/testbed/test-tools.sh", [], { minutes: 30 });
  const images = await run("images", "./slipway", ["images", "build"], { minutes: 70 });
  // After them: both need the Go builder, and two builds of it would race.
  const helm = await run("helm", "scripts/testbed/build-helm.sh", [], { minutes: 30 });
  await buildKubernetes(result);
  const made = { images, helm, tools: await tools };
  for (const [name, outcome] of Object.entries(made)) {
    announce(name, outcome);
    addCheck(result, name, outcome.exitCode === 0);
  }
  return images.exitCode === 0 ? made.tools.output.trimEnd().split("\n").at(-1) : undefined;
}

/** Without it the tests that need a real cluster are skipped; so is the build itself when it does not fit or has no place here. */
async function buildKubernetes(result: Tally): Promise<void> {
  const left = Math.max(0, Math.floor(buildsEndAfter - process.uptime()));
  const limit = full ? [] : ["--within", String(left)];
  const outcome = await run("kubernetes", "scripts/testbed/kubernetes/ensure-kubernetes.sh", limit, { minutes: 60 });
  if (outcome.exitCode === 3 || outcome.exitCode === 4) {
    result.skipped.push({ name: "kubernetes", reason: outcome.output.trim() });
    return;
  }
  announce("kubernetes", outcome);
  addCheck(result, "kubernetes", outcome.exitCode === 0);
}

async function runProject(suite: Suite, round: number, toolsPath: string, result: Tally): Promise<void> {
  const countFile = join(work, `${suite.name}-${round}.json`);
  const args = [
    ...["vitest", "run", "-c", "installer/vitest.config.ts", "--project", suite.name],
    ...["--reporter=default", "--reporter=./scripts/testing/count-reporter.ts"],
    ...suite.args,
  ];
  const env = {
    PATH: `${process.env["PATH"] ?? ""}:${toolsPath}`,
    [countFileVariable]: countFile,
    ...(full && { SLIPWAY_FULL: "1" }),
    ...(!full && process.uptime() > timeForClusters && { SLIPWAY_SHORT_OF_TIME: "1" }),
  };
  const priority = suite.needsImages || options.busy ? ["-n", "0"] : [];
  const outcome = await run(suite.name, "nice", [...priority, ...args], { minutes: suite.minutes, env });
  announce(suite.name, outcome);
  addCounts(result, suite.name, readCounts(countFile), outcome.exitCode);
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
