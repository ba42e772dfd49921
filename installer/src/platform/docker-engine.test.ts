import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Answering, type FakeEngine, startFakeEngine } from "../../test/stand-ins/engine/fake-engine.ts";
import { createDockerEngine } from "./docker-engine.ts";
import { createExec } from "./exec.ts";
import type { Docker, OneShot } from "./ports.ts";

const never = new AbortController().signal;
let folder: string;
let engine: FakeEngine | undefined;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-engine-"));
});

afterEach(async () => {
  await engine?.close();
  await rm(folder, { recursive: true });
});

async function dockerThatAnswers(
  answer: Answering,
): Promise<{ readonly docker: Docker; readonly asked: () => string[] }> {
  const path = join(folder, "docker.sock");
  const started = await startFakeEngine({ listen: { path }, answer });
  engine = started;
  const env = { DOCKER_HOST: `unix://${path}`, PATH: process.env["PATH"] };
  return {
    docker: createDockerEngine({ env, exec: createExec(env) }),
    asked: () => started.requests.map((request) => `${request.method} ${request.path}`),
  };
}

function frame(stream: 1 | 2, line: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(line), 4);
  return Buffer.concat([header, Buffer.from(line)]);
}

describe("containers", () => {
  it("are listed by all their labels, stopped ones too, in the order of their names", async () => {
    const container = (name: string) => ({
      Id: name,
      Names: [`/${name}`],
      Image: "i",
      ImageID: "s",
      State: "running",
      Status: "Up",
    });
    const { docker, asked } = await dockerThatAnswers(() => ({ body: [container("b"), container("a")] }));

    const found = await docker.containersLabelled({ one: "1", two: "2" });

    expect(found.map(({ name }) => name)).toEqual(["a", "b"]);
    expect(asked()).toEqual(['GET /containers/json?all=true&filters={"label":["one=1","two=2"]}']);
  });

  it.each([
    ["start", (docker: Docker) => docker.start("c"), 304, "POST /containers/c/start"],
    ["stop", (docker: Docker) => docker.stop("c", 7), 304, "POST /containers/c/stop?t=7"],
    ["kill", (docker: Docker) => docker.kill("c"), 409, "POST /containers/c/kill"],
    ["removal", (docker: Docker) => docker.removeContainer("c"), 404, "DELETE /containers/c?force=true&v=true"],
  ])("take a %s that changes nothing for done", async (_name, change, status, request) => {
    const { docker, asked } = await dockerThatAnswers(() => ({ status, body: { message: "as it is" } }));

    await change(docker);

    expect(asked()).toEqual([request]);
  });

  it("say in the engine's words why a change was refused", async () => {
    const { docker } = await dockerThatAnswers(() => ({ status: 500, body: { message: "port is already allocated" } }));

    await expect(docker.start("c")).rejects.toThrow("docker refused to start container c: port is already allocated");
  });

  it("give their logs line by line, whatever their length", async () => {
    const many = Array.from({ length: 50_000 }, (_, index) => `${index}\n`);
    const whole = Buffer.concat(many.map((line) => frame(1, line)));
    const { docker, asked } = await dockerThatAnswers((_request, response) => {
      response.end(whole);
      return "answered";
    });

    const lines = await docker.logs("c", { tail: -1 });

    expect(lines).toHaveLength(many.length);
    expect(lines.at(-1)).toBe("49999");
    expect(asked()).toEqual(["GET /containers/c/logs?stdout=true&stderr=true&tail=all&follow=false"]);
  });

  it("hand over their logs as they come, without an end in sight", async () => {
    const stop = new AbortController();
    const { docker, asked } = await dockerThatAnswers((_request, response) => {
      response.write(Buffer.concat([frame(1, "one\n"), frame(2, "t")]));
      response.write(frame(2, "wo\n"));
      return "answered";
    });
    const lines: string[] = [];
    const onLine = (line: string): void => {
      lines.push(line);
      if (lines.length === 2) stop.abort(new Error("enough"));
    };

    const read = docker.readLogs("c", { tail: -1, since: "2026-11-21T10:00:00Z", signal: stop.signal, onLine });

    await expect(read).rejects.toThrow("enough");
    expect(lines).toEqual(["one", "two"]);
    expect(asked()).toEqual(["GET /containers/c/logs?stdout=true&stderr=true&tail=all&since=1795255200"]);
  });

  it("are told with when they ended and why", async () => {
    const state = { Status: "exited", ExitCode: 137, OOMKilled: true };
    const times = { StartedAt: "2026-11-30T10:00:00Z", FinishedAt: "2026-11-30T10:05:00Z" };
    const { docker } = await dockerThatAnswers(() => ({
      body: {
        ...{ Id: "c", Name: "/c", Image: "s", RestartCount: 2, State: { ...state, ...times } },
        ...{ Config: { Image: "i", Labels: null }, NetworkSettings: {} },
      },
    }));

    expect(await docker.inspect("c")).toMatchObject({
      ...{ restarts: 2, exitCode: 137, startedAt: times.StartedAt },
      ended: { at: times.FinishedAt, outOfMemory: true },
    });
  });

  it("stop being followed at the caller's signal, without an error", async () => {
    const stop = new AbortController();
    const { docker } = await dockerThatAnswers((_request, response) => {
      response.write(frame(2, "one\n"));
      return "answered";
    });
    const lines: string[] = [];

    const follow = docker.followLogs("c", {
      tail: 1,
      signal: stop.signal,
      onLine: (line) => {
        lines.push(line);
        stop.abort();
      },
    });

    await expect(follow).resolves.toBeUndefined();
    expect(lines).toEqual(["one"]);
  });

  it("tell their changes until the signal aborts", async () => {
    const stop = new AbortController();
    const { docker, asked } = await dockerThatAnswers((_request, response) => {
      response.write(`${JSON.stringify({ Actor: { ID: "c" } })}\n`);
      return "answered";
    });

    const changed = await new Promise((resolve, reject) => {
      docker.watch("demo", resolve, stop.signal).catch(reject);
    });
    stop.abort();

    expect(changed).toBe("c");
    const [request = ""] = asked();
    expect(asked()).toHaveLength(1);
    expect(JSON.parse(request.replace("GET /events?filters=", ""))).toEqual({
      type: ["container"],
      // Neither of the programs that health checks run.
      event: expect.not.arrayContaining(["exec_create", "exec_start", "exec_die"]) as unknown,
      label: ["com.docker.compose.project=demo"],
    });
    expect(request).toContain('"health_status"');
  });
});

describe("images", () => {
  it("are undefined when they are not there", async () => {
    const { docker, asked } = await dockerThatAnswers(() => ({ status: 404, body: { message: "No such image" } }));

    await expect(docker.imageDetails("docker.io/library/redis")).resolves.toBeUndefined();
    expect(asked()).toEqual(["GET /images/redis:latest/json"]);
  });

  it("come out in one request, by the names the engine knows them under", async () => {
    const { docker, asked } = await dockerThatAnswers(() => ({ body: "the archive" }));

    const archive = await docker.exportImages(["docker.io/slipway/nats:1", "corp.example:5000/a/b:2"], never);

    await expect(text(archive)).resolves.toBe("the archive");
    expect(asked()).toEqual(["GET /images/get?names=slipway/nats:1&names=corp.example:5000/a/b:2"]);
  });

  it("go in as they come", async () => {
    const { docker } = await dockerThatAnswers(() => ({
      body: `${JSON.stringify({ stream: "Loaded image: a:1\n" })}\n`,
    }));
    const told: string[] = [];

    await docker.loadImages(
      Readable.from([Buffer.from("one "), Buffer.from("two")]),
      (detail) => told.push(detail),
      never,
    );

    expect(engine?.requests[0]?.body).toBe("one two");
    expect(told).toEqual(["Loaded image: a:1"]);
  });

  it("say what was wrong with an archive that broke off", async () => {
    const { docker } = await dockerThatAnswers(() => undefined);
    const broken = new Readable({ read: () => broken.destroy(new Error("the disk is gone")) });

    await expect(docker.loadImages(broken, () => undefined, never)).rejects.toThrow("the disk is gone");
  });

  it("are pulled with the credentials of this one call, which appear nowhere but in its header", async () => {
    const { docker, asked } = await dockerThatAnswers(() => ({
      body: `${JSON.stringify({ status: "Downloading" })}\n`,
    }));

    await docker.pullImage({
      reference: "corp.example/a@sha256:0",
      credentials: { kind: "password", username: "me", password: "s?>é" },
      onProgress: () => undefined,
      signal: never,
    });

    const request = engine?.requests[0];
    expect(asked()).toEqual(["POST /images/create?fromImage=corp.example/a&tag=sha256:0"]);
    expect(JSON.parse(Buffer.from(String(request?.headers["x-registry-auth"]), "base64url").toString())).toEqual({
      username: "me",
      password: "s?>é",
      serveraddress: "corp.example",
    });
    expect(request?.body).not.toContain("s?>é");
  });

  it.each([
    ["at once", { status: 404, body: { message: "manifest unknown" } }],
    ["after it began", { body: `${JSON.stringify({ error: "manifest unknown" })}\n` }],
  ])("that a registry does not have are told in the engine's words, %s", async (_when, answer) => {
    const { docker } = await dockerThatAnswers(() => answer);
    const pull = docker.pullImage({ reference: "a.example/b:1", onProgress: () => undefined, signal: never });

    await expect(pull).rejects.toMatchObject({
      name: "RegistryError",
      message: "a.example/b:1 could not be pulled: manifest unknown",
    });
  });
});

describe("address ranges", () => {
  it("of all networks are listed, with their bridges; those without addresses have null", async () => {
    const network = (Config: unknown, more: object = {}) => ({ Id: "1", Name: "n", IPAM: { Config }, ...more });
    const ranges = [
      { Subnet: "fd00::/64", Gateway: "fd00::1" },
      { Subnet: "172.18.0.0/16", Gateway: "172.18.0.1" },
    ];
    const bridge = { Id: "0123456789abcdef", Driver: "bridge" };
    const named = { Driver: "bridge", Options: { "com.docker.network.bridge.name": "docker0" } };
    const { docker, asked } = await dockerThatAnswers(() => ({
      body: [
        network(null),
        network(ranges, bridge),
        network(ranges, { ...bridge, Internal: true }),
        network([], named),
      ],
    }));

    expect(await docker.networks()).toEqual([
      { id: "1", name: "n", subnets: [] },
      {
        id: bridge.Id,
        name: "n",
        subnets: ["fd00::/64", "172.18.0.0/16"],
        bridge: { device: "br-0123456789ab", address: "172.18.0.1" },
      },
      { id: bridge.Id, name: "n", subnets: ["fd00::/64", "172.18.0.0/16"], bridge: { device: "br-0123456789ab" } },
      { id: "1", name: "n", subnets: [], bridge: { device: "docker0" } },
    ]);
    expect(asked()).toEqual(["GET /networks"]);
  });

  it("and the clock of the engine are told", async () => {
    const { docker } = await dockerThatAnswers((request) =>
      request.path.startsWith("/info") ? { body: { SystemTime: "2026-11-21T12:00:00.123456789+01:00" } } : undefined,
    );

    expect((await docker.info()).time).toEqual(new Date("2026-11-21T11:00:00.123Z"));
  });

  it("that networks are taken from are told where the engine was given some", async () => {
    const DefaultAddressPools = [{ Base: "10.200.0.0/16", Size: 24 }];
    const { docker } = await dockerThatAnswers((request) =>
      request.path.startsWith("/info") ? { body: { DefaultAddressPools } } : undefined,
    );

    expect(await docker.info()).toMatchObject({
      addressPools: [{ base: "10.200.0.0/16", size: 24 }],
      socket: join(folder, "docker.sock"),
    });
  });
});

describe("volumes", () => {
  it("are made by their description and not by the address of the request", async () => {
    const { docker, asked } = await dockerThatAnswers(() => ({ status: 201, body: { Name: "v" } }));

    await docker.createVolume("v", { a: "1" }, "/srv/v");

    expect(asked()).toEqual(["POST /volumes/create?"]);
    expect(JSON.parse(engine?.requests[0]?.body ?? "")).toEqual({
      Name: "v",
      Labels: { a: "1" },
      DriverOpts: { type: "none", o: "bind", device: "/srv/v" },
    });
  });
});

describe("one-shot containers", () => {
  const request: OneShot = {
    image: "tools:1",
    command: ["run"],
    user: "1000",
    name: "once",
    networks: ["first", "second"],
    labels: { a: "1" },
    timeoutMs: 60_000,
  };

  it("run hardened on their networks, give status and output, and are removed", async () => {
    const { docker, asked } = await dockerThatAnswers(({ path }, response) => {
      if (path.endsWith("/create?name=once")) return { status: 201, body: { Id: "c" } };
      if (path.includes("/logs")) {
        response.end(Buffer.concat([frame(1, "out\n"), frame(2, "err\n")]));
        return "answered";
      }
      if (path.endsWith("/wait")) return { body: { StatusCode: 3 } };
      return { status: path.endsWith("/connect") ? 200 : 204 };
    });
    const told: string[] = [];

    const result = await docker.runOnce({ ...request, onLine: (line) => told.push(line) });

    expect(result).toEqual({ exitCode: 3, output: ["out", "err"] });
    expect(told).toEqual(["out"]);
    expect(asked()).toEqual([
      "POST /containers/create?name=once",
      "POST /networks/second/connect",
      "POST /containers/c/start",
      "GET /containers/c/logs?follow=true&stdout=true&stderr=true",
      "POST /containers/c/wait",
      "DELETE /containers/c?force=true&v=true",
    ]);
    expect(JSON.parse(engine?.requests[0]?.body ?? "")).toMatchObject({
      User: "1000",
      HostConfig: { NetworkMode: "first", CapDrop: ["ALL"], ReadonlyRootfs: true, SecurityOpt: ["no-new-privileges"] },
    });
  });

  it("are removed when they are interrupted", async () => {
    const stop = new AbortController();
    const { docker, asked } = await dockerThatAnswers(({ path }) => {
      if (path.includes("/create")) return { status: 201, body: { Id: "c" } };
      if (!path.includes("/logs")) return { status: path.endsWith("/connect") ? 200 : 204 };
      stop.abort();
      return "silence";
    });

    await expect(docker.runOnce({ ...request, signal: stop.signal })).rejects.toThrow("was interrupted");
    expect(asked().at(-1)).toBe("DELETE /containers/c?force=true&v=true");
  });

  it("are removed when they take too long", async () => {
    const { docker, asked } = await dockerThatAnswers(({ path }) => {
      if (path.includes("/create")) return { status: 201, body: { Id: "c" } };
      return path.includes("/logs") ? "silence" : { status: path.endsWith("/connect") ? 200 : 204 };
    });

    await expect(docker.runOnce({ ...request, timeoutMs: 50 })).rejects.toMatchObject({ name: "TimeoutError" });
    expect(asked().at(-1)).toBe("DELETE /containers/c?force=true&v=true");
  });
});
