import { containerCalls } from "./docker/container-calls.ts";
import { type EngineInfoAnswer, type EngineVersionAnswer, fromInfo, fromVersion } from "./docker/engine-answers.ts";
import { createEngineConnection } from "./docker/engine-connection.ts";
import { engineEndpoint } from "./docker/engine-endpoint.ts";
import { type EngineLimits, engineLimits } from "./docker/engine-limits.ts";
import { imageChanges, imageQuestions } from "./docker/image-calls.ts";
import { runOneShot } from "./docker/one-shot.ts";
import { volumeAndNetworkCalls } from "./docker/volume-calls.ts";
import type { Docker, Exec } from "./ports.ts";

export interface DockerEngineOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly exec: Exec;
  /** Aborts at Ctrl-C: calls under way end when the engine is silent, and calls made later, to undo things, still work. */
  readonly signal?: AbortSignal;
  readonly limits?: EngineLimits;
}

/** The Docker engine of this machine, or the one DOCKER_HOST or the docker context names. */
export function createDockerEngine({ env, exec, signal, limits = engineLimits }: DockerEngineOptions): Docker {
  const interrupted = signal ?? new AbortController().signal;
  const connection = createEngineConnection({ env, limits, interrupted });
  return {
    info: () =>
      connection.call({ what: "about itself", kind: "question" }, async (docker, watch) => {
        const abort = { abortSignal: watch.signal };
        const [info, version] = await Promise.all([docker.info(abort), docker.version(abort)]);
        const endpoint = engineEndpoint(env);
        return {
          ...fromInfo(info as EngineInfoAnswer, (version as EngineVersionAnswer).ApiVersion),
          ...(endpoint.kind === "unix" && { socket: endpoint.socketPath }),
        };
      }),
    version: () =>
      connection.call({ what: "for its version", kind: "question" }, async (docker, watch) =>
        fromVersion((await docker.version({ abortSignal: watch.signal })) as EngineVersionAnswer),
      ),
    composeVersion: async () => {
      const result = await exec.run("docker", ["compose", "version", "--short"], { allowFailure: true });
      return result.exitCode === 0 ? result.stdout.trim().replace(/^v/, "") : undefined;
    },
    ...containerCalls(connection),
    ...imageQuestions(connection),
    ...imageChanges(connection, exec),
    ...volumeAndNetworkCalls(connection),
    runOnce: (request) => runOneShot(connection, request),
  };
}
