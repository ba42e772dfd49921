import { InstallerError } from "../errors/installer-error.ts";
import { TransportError } from "../platform/transport-error.ts";
import type { Clock, Random } from "../platform/ports.ts";
import { Refusal } from "./refusal.ts";

export interface RetryPolicy {
  /** Tries in all, the first included. */
  readonly attempts: number;
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** A registry that asks for a longer pause than this is not waited for. */
  readonly longestRetryAfterMs: number;
}

export const defaultRetryPolicy: RetryPolicy = {
  attempts: 6,
  firstDelayMs: 400,
  longestDelayMs: 20_000,
  longestRetryAfterMs: 300_000,
};

/** Told before each pause, for progress and logs. */
export interface RetryNotice {
  /** What is tried again: `blob sha256:…`. */
  readonly what: string;
  readonly reason: string;
  readonly attempt: number;
  readonly delayMs: number;
}

export interface Retrier {
  /** Runs until it works, cannot be helped by trying again, or was tried often enough; then throws the last error as it came. */
  run<Result>(what: string, signal: AbortSignal, attempt: (number: number) => Promise<Result>): Promise<Result>;
  /** Waits before try `number` + 1, or throws the error when there is none. */
  pause(what: string, signal: AbortSignal, number: number, error: unknown): Promise<void>;
}

/** Tries again what can be helped by it, after pauses that grow and differ. */
export function createRetrier(
  ports: { readonly clock: Clock; readonly random: Random },
  policy: RetryPolicy = defaultRetryPolicy,
  onRetry: (notice: RetryNotice) => void = () => undefined,
): Retrier {
  const { clock, random } = ports;

  async function pause(what: string, signal: AbortSignal, number: number, error: unknown): Promise<void> {
    const asked = error instanceof Refusal ? retryAfterMs(error.headers["retry-after"], clock.now()) : undefined;
    // Who says when to come back, and soon, works: many share its rate, and one of them may be unlucky often.
    const shortly = asked !== undefined && asked <= policy.longestDelayMs;
    const most = shortly ? 2 * policy.attempts : policy.attempts;
    if (signal.aborted || number >= most || !isPassing(error, number)) throw error;
    if (asked !== undefined && asked > policy.longestRetryAfterMs) throw error;
    const delayMs = Math.max(backoffMs(policy, number, random), asked ?? 0);
    onRetry({ what, reason: error instanceof Error ? error.message : "failed", attempt: number, delayMs });
    await clock.sleep(delayMs, signal);
  }

  return {
    pause,
    run: async (what, signal, attempt) => {
      for (let number = 1; ; number += 1) {
        try {
          return await attempt(number);
        } catch (error) {
          await pause(what, signal, number, error);
        }
      }
    },
  };
}

/** Doubles each time, and lies anywhere in the upper half of that, so that many who failed together do not come back together. */
function backoffMs(policy: RetryPolicy, number: number, random: Random): number {
  const ceiling = Math.min(policy.longestDelayMs, policy.firstDelayMs * 2 ** (number - 1));
  const [high = 0, low = 0] = random.bytes(2);
  return Math.round(ceiling * (0.5 + (high * 256 + low) / 65_536 / 2));
}

const passingStatus = new Set([408, 425, 429, 500, 502, 503, 504]);
/** Of a proxy that restarts, or whose own way was closed for a moment; one that refuses for a reason says 403 or 407. */
const passingProxyCodes = new Set(["ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ECONNRESET", "502", "503", "504"]);
const passingFaults = new Set(["reset", "stalled", "protocol"]);

/** Whether trying again may help, by the try that failed. A host that refuses may be restarting, but not for long; a missing name may be a busy resolver. */
export function isPassing(error: unknown, number: number): boolean {
  if (error instanceof Refusal) return passingStatus.has(error.status) && !error.isFull();
  if (error instanceof InstallerError || !(error instanceof TransportError)) return false;
  if (error.fault === "refused") return number <= 3;
  if (error.fault === "proxy") return number <= 3 && passingProxyCodes.has(error.code ?? "");
  if (error.fault === "dns") return error.code === "EAI_AGAIN";
  return passingFaults.has(error.fault);
}

/** Retry-After in both its forms, seconds and a date: RFC 9110, section 10.2.3. Undefined when it is neither. */
export function retryAfterMs(value: string | undefined, now: Date): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d{1,9}$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}
