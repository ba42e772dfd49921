import { InterruptedError, TimeoutError } from "../../errors/installer-error.ts";
import type { OneShot } from "../ports.ts";
import type { EngineConnection } from "./engine-connection.ts";
import { unless } from "./engine-errors.ts";
import { readFramedLines } from "./engine-streams.ts";

const mebibyte = 1024 * 1024;

interface OneShotResult {
  readonly exitCode: number;
  readonly output: readonly string[];
}

/** Creates, runs and removes a hardened container; whatever happens, it does not stay behind. */
export async function runOneShot(connection: EngineConnection, request: OneShot): Promise<OneShotResult> {
  const [first, ...others] = request.networks ?? [];
  const id = await connection.call(
    { what: `to create a container of ${request.image}`, kind: "change" },
    async (docker, { signal }) => {
      const query = request.name === undefined ? {} : { name: request.name };
      // Without a query of its own the library sends the whole definition as query, too.
      const call = { _query: query, _body: definition(request, first), abortSignal: signal };
      return (await docker.createContainer(call)).id;
    },
  );
  try {
    for (const network of others) await connect(connection, network, id);
    return await runToEnd(connection, id, request);
  } finally {
    await unless(
      [404, 409],
      connection.call({ what: `to remove container ${id}`, kind: "change" }, (docker, { signal }) =>
        docker.getContainer(id).remove({ force: true, v: true, abortSignal: signal }),
      ),
    );
  }
}

async function connect(connection: EngineConnection, network: string, id: string): Promise<void> {
  await connection.call({ what: `to connect ${id} to network ${network}`, kind: "change" }, (docker, { signal }) =>
    docker.getNetwork(network).connect({ Container: id, ...{ abortSignal: signal } }),
  );
}

async function runToEnd(connection: EngineConnection, id: string, request: OneShot): Promise<OneShotResult> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  const output: string[] = [];
  try {
    await connection.call({ what: `to start container ${id}`, kind: "change" }, (docker, watch) =>
      docker.getContainer(id).start({ abortSignal: watch.signal }),
    );
    const exitCode = await connection.call(
      { what: `to run container ${id}`, kind: "stream", signal },
      async (docker, watch) => {
        const container = docker.getContainer(id);
        const log = await container.logs({ follow: true, stdout: true, stderr: true, abortSignal: watch.signal });
        await readFramedLines(log, (line, from) => {
          watch.heard();
          output.push(line);
          if (from === "stdout") request.onLine?.(line);
        });
        const ended: unknown = await container.wait({ abortSignal: watch.signal });
        return (ended as { readonly StatusCode: number }).StatusCode;
      },
    );
    return { exitCode, output };
  } catch (error) {
    if (request.signal?.aborted === true) throw new InterruptedError("a one-shot container was interrupted");
    if (timeout.aborted) {
      throw new TimeoutError(`a one-shot container did not end within ${Math.round(request.timeoutMs / 1000)} s`, {
        details: output.slice(-30),
      });
    }
    throw error;
  }
}

function definition(request: OneShot, network: string | undefined): unknown {
  return {
    Image: request.image,
    ...(request.entrypoint === undefined ? {} : { Entrypoint: request.entrypoint }),
    Cmd: request.command,
    User: request.user,
    Labels: request.labels,
    HostConfig: {
      NetworkMode: network ?? "none",
      Binds: request.binds ?? [],
      CapDrop: ["ALL"],
      CapAdd: request.capabilities ?? [],
      SecurityOpt: ["no-new-privileges"],
      ReadonlyRootfs: true,
      Tmpfs: { "/tmp": "rw,nosuid,nodev,noexec,size=64m,mode=1777" },
      Memory: 512 * mebibyte,
      PidsLimit: 128,
      LogConfig: { Type: "json-file", Config: { "max-size": "10m", "max-file": "1" } },
    },
  };
}
