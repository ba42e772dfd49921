import { PreflightError, TimeoutError } from "../../errors/installer-error.ts";
import type { ClusterLimits } from "./cluster-limits.ts";

export interface LimitedCall {
  /** For messages: `to list secrets in the namespace demo`. */
  readonly what: string;
  /** A question changes nothing. */
  readonly kind: "question" | "change";
  /** The caller's own; the call ends when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

export interface LimitPorts {
  /** The API server in messages. */
  readonly place: string;
  readonly limits: ClusterLimits;
  /** Aborts at Ctrl-C. */
  readonly interrupted: AbortSignal;
}

export interface CallLimit {
  /** Aborts, with an error that can be shown as its reason, when the call has to end. */
  readonly signal: AbortSignal;
  /** Milliseconds. */
  left(): number;
  /** It goes on for as long as its caller wants. */
  lift(): void;
}

/**
 * Gives a call its time. After Ctrl-C a question goes on for a moment only, and a change as long as it may: what a step began
 * is finished or undone, and calls that begin later, to undo things, have their whole time.
 */
export function limitCall(call: LimitedCall, { place, limits, interrupted }: LimitPorts): CallLimit {
  const ended = new AbortController();
  const lifted = new AbortController();
  const limitMs = call.kind === "question" ? limits.questionMs : limits.changeMs;
  const until = performance.now() + limitMs;
  const timers = [setTimeout(() => ended.abort(tooLong(call, place, limitMs)), limitMs)];
  const onInterrupt = (): void => {
    timers.push(setTimeout(() => ended.abort(interrupted.reason), limits.graceMs));
  };
  if (call.kind === "question" && !interrupted.aborted) {
    interrupted.addEventListener("abort", onInterrupt, { signal: lifted.signal });
  }
  return {
    signal: call.signal === undefined ? ended.signal : AbortSignal.any([call.signal, ended.signal]),
    left: () => until - performance.now(),
    lift: () => {
      lifted.abort();
      for (const timer of timers) clearTimeout(timer);
    },
  };
}

function tooLong({ what, kind }: LimitedCall, place: string, limitMs: number): Error {
  const message = `${place} was asked ${what} and did not answer within ${limitMs < 1000 ? `${limitMs} ms` : `${Math.round(limitMs / 1000)} s`}`;
  const hint = "it may be stuck or busy: kubectl get --raw '/readyz?verbose' tells what is not ready";
  return kind === "question" ? new PreflightError(message, { hint }) : new TimeoutError(message, { hint });
}
