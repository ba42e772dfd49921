import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { familiarReference } from "../../oci/reference.ts";
import { fromImageInspect, fromInfo, fromSummary } from "./engine-answers.ts";
import { readFramedLines, readJsonLines } from "./engine-streams.ts";

describe("answers of the engine", () => {
  test("about itself say who reaches it and what it reaches", () => {
    const told = {
      ...{ ServerVersion: "26", Driver: "overlay2", MemTotal: 1, NCPU: 1, DockerRootDir: "/d", OperatingSystem: "o" },
      ...{
        Architecture: "x86_64",
        Warnings: ["w"],
        HttpProxy: "",
        HttpsProxy: "p",
        NoProxy: "n",
      },
      RegistryConfig: { IndexConfigs: { "docker.io": { Secure: true }, "hub.corp:5000": { Secure: false } } },
    };

    expect(fromInfo(told, "1.45")).toMatchObject({
      warnings: ["w"],
      proxies: { http: "", https: "p", except: "n" },
      plainRegistries: ["hub.corp:5000"],
    });
    const silent = fromInfo({ ...told, Warnings: null, HttpsProxy: "", RegistryConfig: null }, "1.45");
    expect(silent).toMatchObject({ warnings: [], plainRegistries: [] });
    expect(silent).not.toHaveProperty("proxies");
  });

  test.each([
    ["Up 2 minutes (healthy)", { health: "healthy", uptime: "2 minutes" }],
    ["Up 5 seconds (health: starting)", { health: "starting", uptime: "5 seconds" }],
    ["Up About an hour (unhealthy)", { health: "unhealthy", uptime: "About an hour" }],
    ["Up 1 hour (Paused)", { health: "none", uptime: "1 hour" }],
    ["Up 1 hour", { health: "none", uptime: "1 hour" }],
    ["Exited (0) 3 minutes ago", { health: "none", exitCode: 0 }],
    ["Restarting (137) 5 seconds ago", { health: "none", exitCode: 137 }],
    ["Created", { health: "none" }],
  ])("a list says in words what %s means", (status, said) => {
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

    const { health, uptime, exitCode } = fromSummary(summary);
    expect({ health, uptime, exitCode }).toEqual({ uptime: undefined, exitCode: undefined, ...said });
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

describe("details of an image", () => {
  test("are said in our words", () => {
    const answer = {
      Id: "sha256:1",
      Os: "linux",
      Architecture: "arm64",
      Variant: "v8",
      Size: 5,
      RootFS: { Layers: ["sha256:2"] },
    };

    expect(fromImageInspect(answer)).toEqual({
      id: "sha256:1",
      layers: ["sha256:2"],
      os: "linux",
      architecture: "arm64",
      variant: "v8",
      size: 5,
      tags: [],
      digests: [],
    });
  });

  test("hold no empty variant", () => {
    expect(fromImageInspect({ Id: "sha256:1", Variant: "" })).not.toHaveProperty("variant");
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
