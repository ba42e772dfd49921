import { ApplyError, InterruptedError, TimeoutError } from "../../errors/installer-error.ts";
import type { Clock, ContainerState, Docker } from "../../platform/ports.ts";

export interface WatchPorts {
  readonly docker: Docker;
  readonly clock: Clock;
}

/** Waits for containers of one project; woken by the engine's events. */
export interface HealthWatch {
  /**
   * Resolves once the container serves.
   * @throws TimeoutError at the deadline, ApplyError when it keeps ending; both name it and show its last lines
   */
  healthy(container: Pick<ContainerState, "id" | "service">, limitSeconds: number): Promise<ContainerState>;
  close(): void;
}

const crashesAccepted = 3;
/** An event that got lost must not stop a run; looking this seldom costs nothing. */
const lookAgainMs = 3000;
const linesShown = 30;

/** Begins to listen to the project's containers; `onChange` is told of every event. */
export async function watchHealth(
  ports: WatchPorts,
  project: string,
  signal: AbortSignal,
  onChange: () => void = () => undefined,
): Promise<HealthWatch> {
  const closing = new AbortController();
  const wake = new Map<string, () => void>();
  const listen = AbortSignal.any([signal, closing.signal]);
  const heard = (id: string): void => {
    onChange();
    wake.get(id)?.();
  };
  await ports.docker.watch(project, heard, listen);
  return {
    healthy: (container, limitSeconds) => waitUntilHealthy({ ports, wake, signal }, container, limitSeconds),
    close: () => closing.abort(),
  };
}

interface Listening {
  readonly ports: WatchPorts;
  /** What an event of a container calls, by its id. */
  readonly wake: Map<string, () => void>;
  readonly signal: AbortSignal;
}

async function waitUntilHealthy(
  listening: Listening,
  container: Pick<ContainerState, "id" | "service">,
  limitSeconds: number,
): Promise<ContainerState> {
  const { ports, signal } = listening;
  const deadline = ports.clock.monotonicMs() + limitSeconds * 1000;
  let crashes = 0;
  let lastRestarts: number | undefined;
  for (;;) {
    const woken = nextEvent(listening, container.id, deadline);
    // A pause that nobody waits for any more would keep the program from ending.
    try {
      const seen = await ports.docker.inspect(container.id);
      if (serves(seen)) return seen;
      lastRestarts ??= seen.restarts ?? 0;
      crashes = (seen.restarts ?? 0) - lastRestarts;
      if (crashes >= crashesAccepted || seen.state === "exited" || seen.state === "dead") {
        throw await endedError(ports.docker, seen, crashes);
      }
      if (ports.clock.monotonicMs() >= deadline) throw await lateError(ports.docker, seen, limitSeconds);
      await woken.promise;
    } finally {
      woken.cancel();
    }
    if (signal.aborted) throw new InterruptedError(`interrupted while ${container.service} was starting`);
  }
}

export function serves(container: ContainerState): boolean {
  return container.state === "running" && (container.health === "healthy" || container.health === "none");
}

/** Listens before the container is looked at, so that nothing between look and wait is missed. */
function nextEvent(
  { ports, wake, signal }: Listening,
  id: string,
  deadline: number,
): { readonly promise: Promise<void>; readonly cancel: () => void } {
  const stop = new AbortController();
  const happened = new Promise<void>((resolve) => wake.set(id, resolve));
  const pause = Math.max(1, Math.min(lookAgainMs, deadline - ports.clock.monotonicMs()));
  const paused = ports.clock.sleep(pause, AbortSignal.any([signal, stop.signal])).catch(() => undefined);
  const promise = Promise.race([happened, paused]).then(() => stop.abort());
  return { promise, cancel: () => stop.abort() };
}

async function endedError(docker: Docker, seen: ContainerState, crashes: number): Promise<ApplyError> {
  const status = seen.exitCode === undefined ? "" : ` with exit status ${seen.exitCode}`;
  const how = crashes >= crashesAccepted ? `ended${status} ${crashes} times in a row` : `ended${status}`;
  return new ApplyError(`${seen.service} does not stay up: it ${how}`, {
    hint: `slipway logs ${seen.service} shows more; correct the cause and run the same command again`,
    details: await lastLines(docker, seen),
  });
}

async function lateError(docker: Docker, seen: ContainerState, limitSeconds: number): Promise<TimeoutError> {
  return new TimeoutError(
    `${seen.service} was not healthy within ${limitSeconds} s: waited for its health check, last seen ${seen.state} and ${seen.health}`,
    {
      hint: `slipway logs ${seen.service} shows more; on a slow host give more time with --timeout`,
      details: await lastLines(docker, seen),
    },
  );
}

/** The last lines a container wrote, for messages. */
export async function lastLines(
  docker: Pick<Docker, "logs">,
  container: Pick<ContainerState, "id" | "service">,
): Promise<readonly string[]> {
  const lines = await docker.logs(container.id, { tail: linesShown }).catch(() => []);
  return [`last lines of ${container.service}:`, ...lines.map((line) => `  ${line}`)];
}
