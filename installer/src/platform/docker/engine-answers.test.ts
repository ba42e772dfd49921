import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { familiarReference, fromSummary } from "./engine-answers.ts";
import { engineEndpoint } from "./engine-endpoint.ts";
import { readFramedLines, readJsonLines } from "./engine-streams.ts";

describe("answers of the engine", () => {
  test.each([
    ["Up 2 minutes (healthy)", "healthy"],
    ["Up 5 seconds (health: starting)", "starting"],
    ["Up 1 hour (unhealthy)", "unhealthy"],
    ["Up 1 hour", "none"],
    ["Exited (0) 3 minutes ago", "none"],
  ])("health is read from %s", (status, health) => {
    const summary = {
      Id: "1",
      Names: ["/n"],
      Image: "i",
      ImageID: "s",
      State: "running",
      Status: status,
      Labels: null,
      Ports: null,
    } as const;

    expect(fromSummary(summary).health).toBe(health);
  });

  test.each([
    ["docker.io/library/debian", "debian:latest"],
    ["docker.io/casbin/casdoor:v1", "casbin/casdoor:v1"],
    ["registry.example:5000/a/b", "registry.example:5000/a/b:latest"],
    ["a/b:1@sha256:0", "a/b@sha256:0"],
    ["registry.example:5000/a/b@sha256:0", "registry.example:5000/a/b@sha256:0"],
  ])("the engine knows %s as %s", (reference, familiar) => {
    expect(familiarReference(reference)).toBe(familiar);
  });
});

describe("where the engine listens", () => {
  test.each([
    [{}, { kind: "unix", socketPath: "/var/run/docker.sock" }],
    [{ DOCKER_HOST: "unix:///run/user/1/docker.sock" }, { kind: "unix", socketPath: "/run/user/1/docker.sock" }],
    [{ DOCKER_HOST: "tcp://10.0.0.1" }, { kind: "tcp", host: "10.0.0.1", port: 2375 }],
    [{ DOCKER_HOST: "tcp://10.0.0.1:99" }, { kind: "tcp", host: "10.0.0.1", port: 99 }],
  ])("%j", (env, endpoint) => {
    expect(engineEndpoint({ HOME: "/nonexistent", ...env })).toEqual(endpoint);
  });

  test("an address of another kind is refused by name", () => {
    expect(() => engineEndpoint({ DOCKER_HOST: "ssh://me@host" })).toThrow("ssh://me@host cannot be used");
  });
});

describe("streams of the engine", () => {
  function frame(stream: 1 | 2, text: string): Buffer {
    const header = Buffer.alloc(8);
    header[0] = stream;
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  }

  test("lines come out whole, however frames and chunks cut them", async () => {
    const bytes = Buffer.concat([frame(1, "one\ntw"), frame(2, "err\r\n"), frame(1, "o é\nlast")]);
    const source = new PassThrough();
    const lines: string[] = [];
    const read = readFramedLines(source, (line, from) => lines.push(`${from} ${line}`));
    for (const byte of bytes) source.write(Buffer.from([byte]));
    source.end();
    await read;

    expect(lines.sort()).toEqual(["stderr err", "stdout last", "stdout one", "stdout two é"]);
  });

  test("events are read one a line", async () => {
    const source = new PassThrough();
    const seen: unknown[] = [];
    source.write('{"a":1}\n{"b"');
    source.end(":2}\n");
    await readJsonLines(source, (document) => seen.push(document));

    expect(seen).toEqual([{ a: 1 }, { b: 2 }]);
  });
});
