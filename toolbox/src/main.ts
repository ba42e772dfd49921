import { readFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { text } from "node:stream/consumers";
import type { JobKind } from "./contract.generated.ts";
import type { JobResult, LookLine, ToolboxExit, VerifySummary, WireResult } from "./contract.ts";
import { validateJob, validateLook, validateS3Console, validateVerify } from "./documents.ts";
import { DocumentError, errorText, ServerWaitError, ToolboxError } from "./errors.ts";
import { likelyCause } from "./likely-cause.ts";
import type { Redact } from "./redact.ts";
import { redactor, secretsOf } from "./redact.ts";
import { runJob } from "./run-job.ts";
import { verifyWires } from "./verify-wires.ts";

const version = "0.1.0";

const usage = `usage: toolbox run [--probe] FILE.json
       toolbox verify FILE.json
       toolbox look FILE.json | -
       toolbox s3 FILE.json KEY COMMAND...
       toolbox --version`;

interface Request {
  readonly command: "run" | "verify" | "look" | "s3";
  readonly probe: boolean;
  readonly file: string;
  /** What stands behind the file. */
  readonly words: readonly string[];
}

function parseArguments(args: readonly string[]): Request | undefined {
  const [command, ...rest] = args;
  const probe = command === "run" && rest[0] === "--probe";
  const [file, ...words] = probe ? rest.slice(1) : rest;
  if (command !== "run" && command !== "verify" && command !== "look" && command !== "s3") return undefined;
  if (command !== "s3" && words.length > 0) return undefined;
  const isInput = command === "look" && file === "-";
  return file === undefined || (file.startsWith("-") && !isInput) ? undefined : { command, probe, file, words };
}

/** Runs the program with its arguments and tells the exit code. */
async function main(args: readonly string[]): Promise<ToolboxExit> {
  if (args[0] === "--version") {
    process.stdout.write(`toolbox ${version}\n`);
    return 0;
  }
  const request = parseArguments(args);
  if (request === undefined) return fail(usage, 2);
  const { command, probe, file, words } = request;
  let document: unknown;
  try {
    document = JSON.parse(file === "-" ? await text(process.stdin) : await readFile(file, "utf8"));
  } catch (error) {
    // a parser's message quotes the text, and the text holds secrets
    const why = error instanceof SyntaxError ? "it is not JSON" : errorText(error);
    return fail(`cannot read ${file}: ${why}`, 3);
  }
  const redact = redactor(secretsOf(document));
  try {
    switch (command) {
      case "run":
        return await run(document, probe, redact);
      case "verify":
        return await verify(document, redact);
      case "look":
        return await look(document, redact);
      case "s3":
        return await openS3Console(document, words, redact);
    }
  } catch (error) {
    if (error instanceof DocumentError) {
      return fail(redact(`${file}:\n${error.problems.map((problem) => `  ${problem}`).join("\n")}`), 3);
    }
    return fail(redact(error instanceof Error ? (error.stack ?? error.message) : String(error)), 1);
  }
}

async function run(document: unknown, probe: boolean, redact: Redact): Promise<ToolboxExit> {
  const job = validateJob(document);
  const started = performance.now();
  const log = (line: string): void => void process.stderr.write(`${redact(line)}\n`);
  const changes: string[] = [];
  const notes: string[] = [];
  try {
    await runJob(job, {
      probe,
      log,
      note: (text) => {
        notes.push(redact(text));
        log(text);
      },
      change: async (text, apply) => {
        if (!probe) await apply();
        changes.push(redact(text));
        log(probe ? `missing: ${text}` : text);
      },
    });
  } catch (error) {
    return reportFailedJob(job.kind, { error, changes, started, redact });
  }
  const ms = Math.round(performance.now() - started);
  const done = !probe || changes.length === 0;
  print({
    ...{ job: job.kind, ok: done, changes: probe ? [] : changes },
    ...(probe ? { missing: changes } : {}),
    ...(notes.length > 0 ? { notes } : {}),
    ms,
  });
  return done ? 0 : 10;
}

interface FailedJob {
  readonly error: unknown;
  readonly changes: readonly string[];
  readonly started: number;
  readonly redact: Redact;
}

function reportFailedJob(job: JobKind, { error, changes, started, redact }: FailedJob): ToolboxExit {
  const ms = Math.round(performance.now() - started);
  print({ job, ok: false, changes, ms, error: redact(errorText(error)), cause: redact(likelyCause(error)) });
  if (error instanceof ServerWaitError) return 7;
  const programming = error instanceof TypeError || error instanceof RangeError || error instanceof ReferenceError;
  if (programming && !(error instanceof ToolboxError)) {
    process.stderr.write(`${redact(error.stack ?? "")}\n`);
    return 1;
  }
  return 6;
}

async function verify(document: unknown, redact: Redact): Promise<ToolboxExit> {
  const { wires } = validateVerify(document);
  const results = await verifyWires(wires, redact, print);
  const failed = results.filter((result) => !result.ok).length;
  print({ summary: { passed: results.length - failed, failed } });
  return failed === 0 ? 0 : 12;
}

async function look(document: unknown, redact: Redact): Promise<ToolboxExit> {
  const { lookAtServices } = await import("./look/look.ts");
  await lookAtServices(validateLook(document), redact, print);
  return 0;
}

/** Contents may be anything, so that nothing is taken out of them; only errors are ours. */
async function openS3Console(document: unknown, words: readonly string[], redact: Redact): Promise<ToolboxExit> {
  const { ConsoleUsageError, runS3Console } = await import("./console/s3-console.ts");
  try {
    await runS3Console(validateS3Console(document), words, { input: process.stdin, output: process.stdout });
    return 0;
  } catch (error) {
    if (error instanceof DocumentError) throw error;
    return fail(redact(`error: ${errorText(error)}`), error instanceof ConsoleUsageError ? 2 : 6);
  }
}

function print(line: JobResult | LookLine | WireResult | VerifySummary): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function fail(text: string, code: ToolboxExit): ToolboxExit {
  process.stderr.write(`${text}\n`);
  return code;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
    // a server that never closes its side must not keep the container; output is flushed by then
    setTimeout(() => process.exit(code), 2000).unref();
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
  },
);
