import { PreflightError, TimeoutError } from "../../errors/installer-error.ts";
import type { EngineLimits } from "./engine-limits.ts";

/** A question changes nothing, a change does; a stream lasts as long as it lasts. */
export type CallKind = "question" | "change" | "stream";

export interface WatchedCall {
  /** For messages: `to start container 4f…`. */
  readonly what: string;
  readonly kind: CallKind;
  /** On top of what a call of this kind may take. */
  readonly extraMs?: number;
  /** The caller's own; the call ends when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

export interface WatchPorts {
  /** Of messages. */
  readonly place: string;
  readonly limits: EngineLimits;
  /** Aborts at Ctrl-C. */
  readonly interrupted: AbortSignal;
  /** Asks the engine for a sign of life; rejects with what the connection failed with. */
  readonly signOfLife: (signal: AbortSignal) => Promise<unknown>;
}

export interface CallWatch {
  /** Aborts, with an error that can be shown as its reason, when the call has to end. */
  readonly signal: AbortSignal;
  /** Something came from the engine. */
  readonly heard: () => void;
  readonly end: () => void;
}

/**
 * Watches one call until `end`. It is ended by its caller's signal, by its time limit, and when the engine gives no sign of
 * life any more. After Ctrl-C a question goes on for a moment only, and a change or stream as long as the engine is alive:
 * what a step began is finished or undone, and calls that begin later, to undo things, have their whole time.
 */
export function watchCall(call: WatchedCall, ports: WatchPorts): CallWatch {
  const { limits, interrupted } = ports;
  const ended = new AbortController();
  const stop = new AbortController();
  const timers = new Map<"quiet" | "limit" | "grace", NodeJS.Timeout>();
  const after = (name: "quiet" | "limit" | "grace", ms: number, then: () => void): void => {
    clearTimeout(timers.get(name));
    if (!stop.signal.aborted) timers.set(name, setTimeout(then, ms));
  };
  const askForLife = async (): Promise<void> => {
    const limit = AbortSignal.timeout(limits.signOfLifeMs);
    try {
      await ports.signOfLife(AbortSignal.any([limit, stop.signal]));
      listen();
    } catch (error) {
      ended.abort(limit.aborted ? silent(ports) : error);
    }
  };
  const listen = (): void => after("quiet", limits.quietMs, () => void askForLife());
  const onInterrupt = (): void => {
    if (call.kind === "question") after("grace", limits.graceMs, () => ended.abort(interrupted.reason));
    else void askForLife();
  };

  listen();
  const limitMs = timeLimit(call, limits);
  if (limitMs !== undefined) after("limit", limitMs, () => ended.abort(tooLong(call, ports.place, limitMs)));
  if (!interrupted.aborted) interrupted.addEventListener("abort", onInterrupt, { signal: stop.signal });
  return {
    signal: call.signal === undefined ? ended.signal : AbortSignal.any([call.signal, ended.signal]),
    heard: listen,
    end: () => {
      stop.abort();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}

function timeLimit({ kind, extraMs = 0 }: WatchedCall, limits: EngineLimits): number | undefined {
  if (kind === "stream") return undefined;
  return extraMs + (kind === "question" ? limits.questionMs : limits.changeMs);
}

function silent({ place, limits }: WatchPorts): PreflightError {
  return new PreflightError(
    `the docker engine at ${place} accepts connections and did not answer within ${seconds(limits.quietMs + limits.signOfLifeMs)}`,
    { hint: "look at its log (journalctl -u docker), and restart it (systemctl restart docker)" },
  );
}

function tooLong(call: WatchedCall, place: string, limitMs: number): Error {
  const message = `the docker engine at ${place} was asked ${call.what} and did not answer within ${seconds(limitMs)}`;
  const options = {
    hint: "it is alive, but stuck or busy: look at its log (journalctl -u docker) and at the host's load",
  };
  return call.kind === "question" ? new PreflightError(message, options) : new TimeoutError(message, options);
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${Math.round(ms / 1000)} s`;
}
