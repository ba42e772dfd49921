import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { InterruptedError } from "../../errors/installer-error.ts";
import { type Answering, type FakeEngine, startFakeEngine } from "../../../test/stand-ins/engine/fake-engine.ts";
import { createDockerEngine } from "../docker-engine.ts";
import { createExec } from "../exec.ts";
import type { Docker } from "../ports.ts";
import type { EngineLimits } from "./engine-limits.ts";

const hour = 3_600_000;
const patient: EngineLimits = {
  quietMs: hour,
  signOfLifeMs: hour,
  questionMs: hour,
  changeMs: hour,
  graceMs: hour,
};

let folder: string;
let engine: FakeEngine | undefined;
let ctrlC: AbortController;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-engine-"));
  ctrlC = new AbortController();
});

afterEach(async () => {
  await engine?.close();
  await rm(folder, { recursive: true });
});

/** Waits an hour for everything but what the test names. */
async function dockerWith(limits: Partial<EngineLimits>, answer: Answering): Promise<Docker> {
  const path = join(folder, "docker.sock");
  engine = await startFakeEngine({ listen: { path }, answer });
  const env = { DOCKER_HOST: `unix://${path}` };
  return createDockerEngine({ env, exec: createExec(env), signal: ctrlC.signal, limits: { ...patient, ...limits } });
}

function interrupt(): void {
  ctrlC.abort(new InterruptedError("interrupted"));
}

const silence: Answering = () => "silence";
const onlyAlive: Answering = ({ path }) => (path === "/_ping" ? undefined : "silence");
const follow = { tail: 0, signal: new AbortController().signal, onLine: () => undefined };

const calls: readonly (readonly [string, (docker: Docker) => Promise<unknown>])[] = [
  ["a question", (docker) => docker.volumes({})],
  ["a change", (docker) => docker.start("c")],
  ["logs that are followed", (docker) => docker.followLogs("c", follow)],
  ["a wait", (docker) => docker.wait("c")],
];

describe("an engine that accepts and never answers", () => {
  it.each(calls)("ends %s, and is named with the time it was given", async (_name, call) => {
    const docker = await dockerWith({ quietMs: 20, signOfLifeMs: 30 }, silence);

    await expect(call(docker)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `the docker engine at ${join(folder, "docker.sock")} accepts connections and did not answer within 50 ms`,
    });
  });

  it.each(calls.slice(1))("ends %s at Ctrl-C", async (_name, call) => {
    const docker = await dockerWith({ signOfLifeMs: 30 }, silence);
    const running = call(docker);
    await engine?.heard(1);

    interrupt();

    await expect(running).rejects.toThrow("did not answer");
  });

  it("ends a question at Ctrl-C, after a moment", async () => {
    const docker = await dockerWith({ graceMs: 30 }, silence);
    const running = docker.volumes({});
    await engine?.heard(1);

    interrupt();

    await expect(running).rejects.toBeInstanceOf(InterruptedError);
  });

  it("holds nothing open afterwards", async () => {
    const docker = await dockerWith({ quietMs: 20, signOfLifeMs: 30 }, silence);

    await expect(docker.imageDetails("a:1")).rejects.toThrow("did not answer");
    await engine?.allClosed();

    expect(engine?.connections()).toBeGreaterThan(0);
  });
});

describe("an engine that is alive and busy", () => {
  it.each(calls.slice(2))("is waited for as long as it takes: %s", async (_name, call) => {
    const docker = await dockerWith({ quietMs: 10 }, onlyAlive);
    const running = call(docker);

    await engine?.heard(4);

    expect(engine?.requests.slice(1).map(({ path }) => path)).toEqual(["/_ping", "/_ping", "/_ping"]);
    await engine?.close();
    await expect(running).rejects.toThrow();
  });

  it("has its time for a question", async () => {
    const docker = await dockerWith({ questionMs: 30 }, onlyAlive);

    await expect(docker.volumes({})).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `the docker engine at ${join(folder, "docker.sock")} was asked to list volumes and did not answer within 30 ms`,
    });
  });

  it("has its time for a change, and for what the container was given on top", async () => {
    const docker = await dockerWith({ changeMs: 30 }, onlyAlive);

    await expect(docker.start("c")).rejects.toMatchObject({ code: "ROLLOUT_TIMEOUT" });
    await expect(docker.stop("c", 1)).rejects.toThrow("was asked to stop container c and did not answer within 1 s");
  });

  it("finishes at Ctrl-C the change it was asked for", async () => {
    const docker = await dockerWith({ graceMs: 10, signOfLifeMs: hour }, ({ path }, response) => {
      if (path !== "/containers/c/start") return undefined;
      // It is done once the engine was asked for a sign of life, which is after Ctrl-C.
      void engine?.heard(2).then(() => response.writeHead(204).end());
      return "answered";
    });
    const running = docker.start("c");
    await engine?.heard(1);

    interrupt();

    await expect(running).resolves.toBeUndefined();
  });

  it("can be asked to undo things after Ctrl-C", async () => {
    const docker = await dockerWith({ graceMs: 0 }, ({ method }) =>
      method === "DELETE" ? { status: 204 } : undefined,
    );
    interrupt();

    await expect(docker.networks("demo")).resolves.toEqual([]);
    await expect(docker.removeContainer("c")).resolves.toBeUndefined();
  });
});
