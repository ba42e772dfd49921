import { InterruptedError, TimeoutError } from "../../errors/installer-error.ts";
import type { OneShot } from "../ports.ts";
import type { EngineClient } from "./engine-client.ts";
import { readFramedLines } from "./engine-streams.ts";

const mebibyte = 1024 * 1024;

/** Creates, runs and removes a hardened container; whatever happens, it does not stay behind. */
export async function runOneShot(
  client: EngineClient,
  request: OneShot,
): Promise<{ readonly exitCode: number; readonly output: readonly string[] }> {
  const [first, ...others] = request.networks ?? [];
  const created = await client.json<{ readonly Id: string }>("/containers/create", {
    method: "POST",
    query: { name: request.name },
    body: definition(request, first),
  });
  const path = `/containers/${created.Id}`;
  try {
    for (const network of others) {
      await client.send(`/networks/${network}/connect`, { method: "POST", body: { Container: created.Id } });
    }
    return await runToEnd(client, path, request);
  } finally {
    await client.send(path, { method: "DELETE", query: { force: true, v: true }, accept: [404, 409] });
  }
}

async function runToEnd(
  client: EngineClient,
  path: string,
  request: OneShot,
): Promise<{ readonly exitCode: number; readonly output: readonly string[] }> {
  const timeout = AbortSignal.timeout(request.timeoutMs);
  const signal = request.signal === undefined ? timeout : AbortSignal.any([timeout, request.signal]);
  const output: string[] = [];
  try {
    await client.send(`${path}/start`, { method: "POST" });
    const stream = await client.stream(`${path}/logs`, {
      query: { follow: true, stdout: true, stderr: true },
      signal,
    });
    await readFramedLines(stream, (line, from) => {
      output.push(line);
      if (from === "stdout") request.onLine?.(line);
    });
    const ended = await client.json<{ readonly StatusCode: number }>(`${path}/wait`, { method: "POST", signal });
    return { exitCode: ended.StatusCode, output };
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
