import { spawn, type ChildProcess } from "node:child_process";
import { lastLines, programPath } from "../run-program.ts";
import { slotName } from "./replication.ts";

/** `pg_receivewal`, writing what a server writes. */
export interface Receiver {
  readonly start: (environment: Readonly<Record<string, string>>, folder: string) => void;
  readonly stop: () => Promise<void>;
  readonly isRunning: () => boolean;
  /** What it last wrote before it ended by itself. */
  readonly lastWords: () => string;
}

const stopMs = 10_000;

export function openReceiver(): Receiver {
  let child: ChildProcess | undefined;
  let ended: Promise<void> = Promise.resolve();
  let errors = "";
  return {
    start: (environment, folder) => {
      errors = "";
      // It says at once what has reached the disk: the server's slot tells then how far it is.
      const args = ["-D", folder, "-S", slotName, "--synchronous", "--no-loop", "--no-password"];
      const started = spawn("pg_receivewal", args, {
        env: { ...programPath(), ...environment },
        stdio: ["ignore", "ignore", "pipe"],
      });
      child = started;
      started.stderr.setEncoding("utf8").on("data", (part: string) => {
        errors = (errors + part).slice(-4000);
      });
      ended = new Promise((resolve) => {
        const end = (why: string): void => {
          errors += why;
          if (child === started) child = undefined;
          resolve();
        };
        started.on("error", (error) => end(`cannot run pg_receivewal: ${error.message}`));
        started.on("close", () => end(""));
      });
    },
    stop: async () => {
      const running = child;
      if (running === undefined) return;
      running.kill("SIGTERM");
      const timer = setTimeout(() => running.kill("SIGKILL"), stopMs);
      await ended;
      clearTimeout(timer);
    },
    isRunning: () => child !== undefined,
    lastWords: () => lastLines(errors, 2),
  };
}

/** Whether the server has not kept what comes next, so that what is received from here on is another line. */
export function hasLostPlace(words: string): boolean {
  return /has already been removed|can no longer access replication slot|cannot read from .*slot|slot "[^"]*" does not exist|slot .*invalidated/.test(
    words,
  );
}
