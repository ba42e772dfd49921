import { readFile } from "node:fs/promises";
import { performance } from "node:perf_hooks";
import { text } from "node:stream/consumers";
import type { BackupEvent } from "./backup/backup-events.ts";
import type { JobKind } from "./contract.generated.ts";
import type { JobResult, LookLine, ToolboxExit, VerifySummary, WireResult } from "./contract.ts";
import { validateBackup, validateJob, validateLook, validateS3Console, validateVerify } from "./documents.ts";
import { DocumentError, errorText, ServerWaitError, ToolboxError } from "./errors.ts";
import { likelyCause } from "./likely-cause.ts";
import type { Redact } from "./redact.ts";
import { redactor, secretsOf } from "./redact.ts";
import { runJob } from "./run-job.ts";
import { verifyWires } from "./verify-wires.ts";

const version = "0.2.0";

const usage = `usage: toolbox run [--probe] FILE.json
       toolbox verify FILE.json
       toolbox look FILE.json | -
       toolbox s3 FILE.json KEY COMMAND...
       toolbox backup FILE.json ACTION...
       toolbox mark-done CONFIGMAP VALUE
       toolbox --version`;

interface Request {
  readonly command: "run" | "verify" | "look" | "s3" | "backup";
  readonly probe: boolean;
  readonly file: string;
  /** What stands behind the file. */
  readonly words: readonly string[];
}

function parseArguments(args: readonly string[]): Request | undefined {
  const [command, ...rest] = args;
  const probe = command === "run" && rest[0] === "--probe";
  const [file, ...words] = probe ? rest.slice(1) : rest;
  if (!isCommand(command)) return undefined;
  if (command !== "s3" && command !== "backup" && words.length > 0) return undefined;
  const isInput = command === "look" && file === "-";
  return file === undefined || (file.startsWith("-") && !isInput) ? undefined : { command, probe, file, words };
}

function isCommand(word: string | undefined): word is Request["command"] {
  return word !== undefined && Object.hasOwn(handlers, word);
}

type Handler = (document: unknown, request: Request, redact: Redact) => Promise<ToolboxExit>;

const handlers: Readonly<Record<Request["command"], Handler>> = {
  run: (document, { probe }, redact) => run(document, probe, redact),
  verify: (document, _request, redact) => verify(document, redact),
  look: (document, _request, redact) => look(document, redact),
  s3: (document, { words }, redact) => openS3Console(document, words, redact),
  backup: (document, { words }, redact) => backup(document, words, redact),
};

/** Runs the program with its arguments and tells the exit code. */
async function main(args: readonly string[]): Promise<ToolboxExit> {
  if (args[0] === "--version") {
    process.stdout.write(`toolbox ${version}\n`);
    return 0;
  }
  if (args[0] === "mark-done") return await mark(args.slice(1));
  const request = parseArguments(args);
  if (request === undefined) return fail(usage, 2);
  const { command, file } = request;
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
    return await handlers[command](document, request, redact);
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

async function mark([configMap, value, ...more]: readonly string[]): Promise<ToolboxExit> {
  const isWhole = configMap !== undefined && value !== undefined && more.length === 0;
  if (!isWhole || !/^[a-z0-9][-a-z0-9.]*$/.test(configMap) || !/^[-A-Za-z0-9_.]{1,200}$/.test(value))
    return fail(usage, 2);
  const { accessFrom, markDone } = await import("./mark-done.ts");
  try {
    await markDone({ configMap, value }, accessFrom(process.env), (line) => void process.stderr.write(`${line}\n`));
    process.stdout.write(`${JSON.stringify({ done: configMap, value })}\n`);
    return 0;
  } catch (error) {
    const advice = error instanceof ToolboxError && error.advice !== undefined ? `\n${error.advice}` : "";
    return fail(`error: ${errorText(error)}${advice}`, error instanceof ServerWaitError ? 7 : 6);
  }
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

async function backup(document: unknown, words: readonly string[], redact: Redact): Promise<ToolboxExit> {
  const { isBackupCall, runBackup } = await import("./backup/backup-command.ts");
  if (!isBackupCall(words)) return fail(usage, 2);
  let clean = redact;
  try {
    await runBackup(validateBackup(document), words, {
      tell: print,
      log: (line) => void process.stderr.write(`${clean(line)}\n`),
      hide: (other) => (clean = redactor([...secretsOf(document), ...secretsOf(other)])),
      input: process.stdin,
      hand: (text) => void process.stdout.write(text),
    });
    return 0;
  } catch (error) {
    if (error instanceof DocumentError || !(error instanceof Error)) throw error;
    print({ event: "failed", error: clean(errorText(error)), cause: clean(likelyCause(error)) });
    return 6;
  }
}

function print(line: BackupEvent | JobResult | LookLine | WireResult | VerifySummary): void {
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
