import type { IncomingMessage } from "node:http";
import type Modem from "docker-modem";
import { type CallWatch, type WatchedCall, watchCall } from "./call-watch.ts";
import { type EngineEndpoint, engineEndpoint } from "./engine-endpoint.ts";
import { EngineRefusal, explainEngineError, placeOf } from "./engine-errors.ts";
import type { EngineLibrary } from "./engine-library.ts";
import type { EngineLimits } from "./engine-limits.ts";
import { get, readBody } from "./raw-calls.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** One engine: its library, loaded at the first call, with every call watched. */
export interface EngineConnection {
  /**
   * Runs a call to its end.
   * @throws what a person can act on: no engine, a refusal, a time limit, an interruption
   */
  call<T>(call: WatchedCall, run: (docker: EngineLibrary, watch: CallWatch) => Promise<T>): Promise<T>;
  /** Opens a stream and hands it over; it is watched until it is closed. */
  open<T extends IncomingMessage>(
    call: WatchedCall,
    run: (docker: EngineLibrary, watch: CallWatch) => Promise<T>,
  ): Promise<T>;
}

interface Engine {
  readonly docker: EngineLibrary;
  readonly endpoint: EngineEndpoint;
}

export interface ConnectionOptions {
  readonly env: Environment;
  readonly limits: EngineLimits;
  /** Aborts at Ctrl-C. */
  readonly interrupted: AbortSignal;
}

/** Nothing is looked up, loaded or opened before the first call. */
export function createEngineConnection({ env, limits, interrupted }: ConnectionOptions): EngineConnection {
  let opened: Promise<Engine> | undefined;
  const watched = async <T>(
    call: WatchedCall,
    run: (docker: EngineLibrary, watch: CallWatch) => Promise<T>,
  ): Promise<{ readonly result: T; readonly watch: CallWatch }> => {
    const { docker, endpoint } = await (opened ??= openEngine(env));
    const explain = (error: unknown): unknown => explainEngineError(error, call.what, endpoint, env["PATH"]);
    const signOfLife = async (signal: AbortSignal): Promise<void> => {
      try {
        const answer = await get(docker, { path: "/_ping", signal, accept: [200] });
        await readBody(answer);
      } catch (error) {
        const explained = explain(error);
        // Any answer is a sign of life.
        if (!(explained instanceof EngineRefusal)) throw explained;
      }
    };
    const watch = watchCall(call, { place: placeOf(endpoint), limits, interrupted, signOfLife });
    try {
      watch.signal.throwIfAborted();
      return { result: await Promise.race([run(docker, watch), whenAborted(watch.signal)]), watch };
    } catch (error) {
      watch.end();
      throw watch.signal.aborted ? watch.signal.reason : explain(error);
    }
  };
  return {
    call: async (call, run) => {
      const { result, watch } = await watched(call, run);
      watch.end();
      return result;
    },
    open: async (call, run) => {
      const { result: stream, watch } = await watched(call, run);
      watch.signal.addEventListener("abort", () => stream.destroy(watch.signal.reason as Error), { once: true });
      stream.once("close", watch.end);
      return stream;
    },
  };
}

/** The library does not notice every connection that breaks, and some of its calls take no signal. */
function whenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}

async function openEngine(env: Environment): Promise<Engine> {
  const endpoint = engineEndpoint(env);
  const [dockerode, dockerModem, { createEngineAgent }] = await Promise.all([
    import("dockerode"),
    import("docker-modem"),
    import("./engine-agent.ts"),
  ]);
  const agent = await createEngineAgent(endpoint, env);
  // Its own constructor would read DOCKER_HOST and certificates from this process's environment, and refuse to start for
  // files that the docker program does without; and its ssh trusts any host. So all connections are the agent's.
  const modem = Object.assign(Object.create(dockerModem.default.prototype) as Modem, {
    socketPath: placeOf(endpoint),
    protocol: "http",
    headers: {},
    agent,
    Promise,
  });
  const options: object = { modem };
  return { docker: new dockerode.default(options) as unknown as EngineLibrary, endpoint };
}
