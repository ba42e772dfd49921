import { arch, homedir, platform, tmpdir } from "node:os";
import { isSea } from "node:sea";
import { text } from "node:stream/consumers";
import type { CliIo, Output } from "./context.ts";
import { standardOutput } from "./standard-output.ts";
import { InterruptedError } from "../errors/installer-error.ts";
import type { HashingThreads } from "../platform/hashing-threads.ts";
import { keepMemorySmall } from "../platform/keep-memory-small.ts";
import { bytesToHash } from "./bytes-to-hash.ts";

/** The shell's own answer to a reader that went away. */
const brokenPipe = 141;

/** Starts the program: the only place that knows the process and the only one that sets its exit status. */
async function main(): Promise<void> {
  const argv = process.argv.slice(2);
  const { openAssets } = await import("./assets.ts");
  // Asked for by scripts and completions all the time: answered before anything else is loaded.
  if (argv.length === 1 && argv[0] === "--version") {
    process.stdout.write(`${openAssets().version}\n`);
    return;
  }
  keepMemorySmall(argv[0]);
  const threads = await startThreads(argv);
  const { createEngine } = await import("../engine/create-engine.ts");
  const { runCli } = await import("./run-cli.ts");
  const { trackOpenSteps } = await import("./ui/reporter.ts");
  const io = readIo();
  const track = trackOpenSteps();
  const abort = new AbortController();
  stopOnSignals(abort, io.stderr, track.open);
  process.exitCode = await runCli(argv, {
    io,
    signal: abort.signal,
    engine: createEngine(io.env, () => Promise.resolve(openAssets()), threads),
    version: openAssets().version,
    now: () => new Date(),
    track,
    sleep: (ms) => sleep(ms, abort.signal),
  });
}

/** Threads that hash, where it is certain that there is something to hash: they start while the command is loaded. */
async function startThreads(argv: readonly string[]): Promise<HashingThreads | undefined> {
  const bytes = bytesToHash(argv, process.cwd());
  if (bytes === 0) return undefined;
  const { createHashingThreads } = await import("../platform/hashing-threads.ts");
  const threads = createHashingThreads();
  threads.expect(bytes);
  return threads;
}

/** What has to be loaded first is asked for when somebody wants to know it. */
function readIo(): CliIo {
  const stderr = standardOutput(2, () => process.stderr);
  return {
    stdout: standardOutput(1, openStdout),
    stderr,
    get stdinIsTTY() {
      return process.stdin.isTTY;
    },
    readStdin: () => text(process.stdin),
    ...(stderr.isTTY && { terminal: process.stderr }),
    env: process.env,
    cwd: process.cwd(),
    isRoot: process.getuid?.() === 0,
    homeDir: homedir(),
    tempDir: tmpdir(),
    get executable() {
      const own = { path: process.execPath, platform: `${platform()}/${arch() === "x64" ? "amd64" : arch()}` };
      return isSea() ? own : undefined;
    },
  };
}

let stdoutIsWatched = false;

/** `slipway status | head -1` is not an error. */
function openStdout(): NodeJS.WriteStream {
  if (stdoutIsWatched) return process.stdout;
  stdoutIsWatched = true;
  return process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") {
      process.exitCode = brokenPipe;
      return;
    }
    // A full disk behind `> file`: what was to be done is done, only its result is lost.
    process.stderr.write(`error: the result cannot be written to standard output: ${error.message}\n`);
    process.exit(1);
  });
}

/** The first signal stops cleanly, a second one says what is waited for. */
function stopOnSignals(abort: AbortController, stderr: Output, openSteps: () => readonly string[]): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      const steps = openSteps();
      if (!abort.signal.aborted) {
        // A command that only looks, such as logs --follow, ends at once and needs no word.
        const step = steps.at(-1);
        if (step !== undefined) stderr.write(`\nstopping: "${step}" is finished or undone first\n`);
        abort.abort(new InterruptedError("interrupted", { hint: "the same command goes on from here" }));
        return;
      }
      stderr.write(
        `\nstill waiting for: ${steps.join(", ") || "the last step to end"}; kill -9 ${process.pid} ends at once, and the same command repairs that\n`,
      );
    });
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const timer = setTimeout(done, ms);
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
    signal.addEventListener("abort", done);
  });
}

main().catch((error: unknown) => {
  process.exitCode = 1;
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
});
