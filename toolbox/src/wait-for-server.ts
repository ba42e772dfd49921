import { setTimeout as sleep } from "node:timers/promises";
import { errorText, ServerWaitError } from "./errors.ts";
import { likelyCause } from "./likely-cause.ts";

export interface WaitOptions {
  readonly what: string;
  readonly isTransient: (error: unknown) => boolean;
  readonly seconds?: number;
  readonly log?: (line: string) => void;
}

/** Socket and start-up failures that pass by themselves. */
const transientCodes: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ENOTFOUND",
  "EAI_AGAIN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ETIMEDOUT",
  "EPIPE",
  "57P03",
  "57P01",
  "53300",
]);

/** True for failures to reach a server that is still coming up. */
export function isConnectionFailure(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isConnectionFailure);
  if (typeof error !== "object" || error === null) return false;
  const { code, cause, message } = error as { code?: unknown; cause?: unknown; message?: unknown };
  if (typeof code === "string" && transientCodes.has(code)) return true;
  if (
    typeof message === "string" &&
    /connection terminated unexpectedly|timeout expired|no answer from/i.test(message)
  ) {
    return true;
  }
  return cause !== undefined && isConnectionFailure(cause);
}

/**
 * Repeats an attempt while its server is not there, with growing pauses, for a minute unless told otherwise.
 * @throws ServerWaitError when time is over; any failure that is not transient at once.
 */
export async function waitForServer<T>(options: WaitOptions, attempt: () => Promise<T>): Promise<T> {
  const seconds = options.seconds ?? 60;
  const deadline = performance.now() + seconds * 1000;
  let pause = 200;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!options.isTransient(error)) throw error;
      if (performance.now() + pause > deadline) {
        const message = `${options.what} did not answer within ${seconds} s: ${errorText(error)}`;
        throw new ServerWaitError(message, { cause: error, advice: likelyCause(error) });
      }
      options.log?.(`waiting for ${options.what}: ${errorText(error)}`);
      await sleep(pause);
      pause = Math.min(pause * 2, 800);
    }
  }
}
