import { describe, expect, test } from "vitest";
import type { RunOptions, RunResult } from "../platform/ports.ts";
import { type ImageBuildPorts, type ImageBuildRequest, buildImages, listImages } from "./build-images.ts";
import type { ImageBuildEvent } from "./build-progress.ts";
import type { Catalogue, OwnImage } from "./catalogue.ts";

function own(name: string, from: Readonly<Record<string, string>>): OwnImage {
  return {
    name,
    kind: "built",
    title: `The ${name}`,
    version: "1",
    licenses: "MIT",
    from,
    pins: { PIN: "7" },
    contexts: [],
    seconds: 1,
  };
}

const catalogue: Catalogue = {
  repository: "slipway",
  debian: { suite: "trixie", image: "debian:trixie-slim" },
  images: {
    base: own("base", { DEBIAN: "debian" }),
    one: own("one", { BASE: "base" }),
    two: own("two", { BASE: "base" }),
    login: {
      name: "login",
      kind: "third-party",
      title: "Login",
      version: "1",
      licenses: "MIT",
      reference: "vendor/login:1",
      digest: "unresolved",
      reason: "no registry",
    },
  },
};
const tags = { base: "tb", one: "t1", two: "t2" };

interface Machine {
  readonly images?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Exit status and output of the build of one image. */
  readonly builds?: Readonly<Record<string, { readonly exitCode: number; readonly output: readonly string[] }>>;
  readonly sleep?: (ms: number) => Promise<void>;
  readonly onBuild?: (name: string, options: RunOptions) => Promise<void>;
}

function machine(given: Machine) {
  const has = new Set(["debian:trixie-slim", ...(given.images ?? [])]);
  const files = new Map(Object.entries(given.files ?? {}));
  const removed: string[] = [];
  const commands: (readonly string[])[] = [];
  const environments: Readonly<Record<string, string>>[] = [];
  const events: ImageBuildEvent[] = [];
  const ports: ImageBuildPorts = {
    docker: { imageId: (reference) => Promise.resolve(has.has(reference) ? "sha256:1" : undefined) },
    exec: {
      async run(command, args, options = {}): Promise<RunResult> {
        if (command !== "docker") throw new Error(`${command} is not installed`);
        if (args[0] !== "build") return { exitCode: 1, stdout: "", stderr: "" };
        commands.push(args);
        environments.push(options.env ?? {});
        const name = args.at(-1)?.split("/").at(-1) ?? "";
        await given.onBuild?.(name, options);
        const { exitCode, output } = given.builds?.[name] ?? { exitCode: 0, output: [] };
        for (const line of output) options.onLine?.(line, "stderr");
        if (exitCode === 0) has.add(`slipway/${name}:${tags[name as keyof typeof tags]}`);
        return { exitCode, stdout: "", stderr: output.join("\n") };
      },
    },
    files: {
      readTextIfPresent: (path) => Promise.resolve(files.get(path)),
      exists: (path) => Promise.resolve(files.has(path)),
      list: () => Promise.resolve([]),
      makeDirectory: () => Promise.resolve(),
      writeAtomic: (path, contents) => {
        files.set(path, String(contents));
        return Promise.resolve();
      },
      remove: (path) => {
        removed.push(path);
        return Promise.resolve();
      },
    },
    clock: { monotonicMs: () => 0, sleep: given.sleep ?? (() => new Promise(() => undefined)) },
    environment: given.environment ?? {},
    report: (event) => events.push(event),
  };
  const built = () => commands.map((args) => args.at(-1)?.split("/").at(-1));
  return { ports, commands, environments, events, removed, files, built };
}

function request(change: Partial<ImageBuildRequest> = {}): ImageBuildRequest {
  return {
    repoRoot: "/repo",
    catalogue,
    tags,
    names: [],
    jobs: 2,
    workFolder: "/build",
    logFolder: "/failed",
    ...change,
  };
}

describe("buildImages", () => {
  test("builds what an image is made from first, and tells the state of each", async () => {
    const { ports, built, events } = machine({});

    const results = await buildImages(request(), ports);

    expect(built()[0]).toBe("base");
    expect(built().toSorted()).toEqual(["base", "one", "two"]);
    expect(results.map((result) => `${result.reference} ${result.state}`)).toEqual([
      "slipway/base:tb built",
      "slipway/one:t1 built",
      "slipway/two:t2 built",
    ]);
    expect(events.filter((event) => event.state === "built")).toHaveLength(3);
  });

  test("starts no program and leaves no folder when everything is there", async () => {
    const { ports, commands, removed } = machine({ images: ["slipway/base:tb", "slipway/one:t1", "slipway/two:t2"] });

    const results = await buildImages(request(), ports);

    expect(results.every((result) => result.state === "present")).toBe(true);
    expect(commands).toEqual([]);
    expect(removed).toEqual([]);
  });

  test("runs at most as many builds as it may", async () => {
    let running = 0;
    let most = 0;
    const onBuild = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setImmediate(resolve));
      running -= 1;
    };
    const images = ["slipway/base:tb"];
    const alone = machine({ images, onBuild });
    await buildImages(request({ jobs: 1 }), alone.ports);
    expect(most).toBe(1);

    const together = machine({ images, onBuild });
    await buildImages(request({ jobs: 2 }), together.ports);
    expect(most).toBe(2);
  });

  test("hands pins, sources and labels to the build", async () => {
    const { ports, commands } = machine({ images: ["slipway/base:tb"] });

    await buildImages(request({ names: ["one"] }), ports);

    expect(commands[0]).toEqual([
      "build",
      "--progress=plain",
      "--secret",
      "id=apt-conf,src=/build/secrets/apt-conf",
      "--build-arg",
      "BASE=slipway/base:tb",
      "--build-arg",
      "PIN=7",
      "--label",
      "org.opencontainers.image.title=The one",
      "--label",
      "org.opencontainers.image.version=1",
      "--label",
      "org.opencontainers.image.licenses=MIT",
      "--label",
      "org.opencontainers.image.vendor=Slipway",
      "--label",
      "org.opencontainers.image.revision=t1",
      "--tag",
      "slipway/one:t1",
      "/repo/images/one",
    ]);
  });

  test("hands mirrors and proxies over without naming them on a command line", async () => {
    const { ports, commands, environments, files } = machine({
      files: {
        "/etc/apt/sources.list": "deb http://mirror.example/debian bookworm main\n",
        "/etc/ssl/certs/ca-certificates.crt": "PEM",
      },
      environment: { HTTPS_PROXY: "http://user:geheim@proxy.example", GOPROXY: "https://go.example" },
    });

    await buildImages(request(), ports);

    const words = commands.flat().join(" ");
    expect(words).not.toMatch(/example|geheim/);
    expect(words).toContain("--secret id=apt-sources,src=/build/secrets/apt-sources");
    expect(words).toContain("--secret id=goenv,src=/build/secrets/goenv");
    expect(words).toContain("--secret id=ca,src=/build/secrets/ca");
    expect(words).toContain("--build-arg HTTPS_PROXY ");
    expect(environments[0]).toMatchObject({ HTTPS_PROXY: "http://user:geheim@proxy.example" });
    expect(files.get("/build/secrets/apt-sources")).toContain("URIs: http://mirror.example/debian\nSuites: trixie\n");
    expect(files.get("/build/secrets/goenv")).toBe("GOPROXY=https://go.example\n");
  });

  test("stops at a failed build, with the end of its output, keeps all of it, and removes its folder", async () => {
    const output = Array.from({ length: 40 }, (_, line) => `#7 1.0 line ${line}`);
    const { ports, built, events, removed, files } = machine({ builds: { base: { exitCode: 1, output } } });

    const failure = buildImages(request(), ports);

    await expect(failure).rejects.toMatchObject({
      message: "line 39: building the image base failed",
      output: [...Array.from({ length: 20 }, (_, line) => `line ${line + 20}`), "all of its output: /failed/base.log"],
    });
    expect(files.get("/failed/base.log")).toBe(output.map((line) => `${line}\n`).join(""));
    expect(built()).toEqual(["base"]);
    expect(events.at(-1)).toMatchObject({ image: "base", state: "failed", detail: "line 39" });
    expect(removed).toEqual(["/build"]);
  });

  test("names the cause first and what is kept of the others when the engine's bridge is gone", async () => {
    const long = "x".repeat(3000);
    const reason = "failed to create endpoint on network bridge: bridge docker0 does not exist";
    const verdict = `process "/bin/sh -c ${long}" did not complete successfully: ${reason}`;
    const output = [`#9 ERROR: ${verdict}`, `ERROR: failed to solve: ${verdict}`];
    const { ports } = machine({ builds: { two: { exitCode: 1, output } } });

    await expect(buildImages(request({ wish: { first: ["one"] }, jobs: 1 }), ports)).rejects.toMatchObject({
      message: "the network bridge of the Docker engine is gone: building the image two failed",
      hint: expect.stringMatching(/^restart the engine/) as string,
      details: ["built and kept: base, one"],
    });
  });

  test("tells of each image as soon as it is there, the wanted ones first", async () => {
    const ready: string[] = [];
    const seen: string[] = [];
    const { ports } = machine({
      images: ["slipway/base:tb"],
      onBuild: (name) => {
        seen.push(`${name} after ${ready.join(", ")}`);
        return Promise.resolve();
      },
    });

    await buildImages(
      request({ wish: { first: ["two"] }, jobs: 1, onReady: ({ name, state }) => ready.push(`${name} ${state}`) }),
      ports,
    );

    expect(seen).toEqual(["two after base present", "one after base present, two built"]);
    expect(ready).toEqual(["base present", "two built", "one built"]);
  });

  test("reports a silent build again and again, and no more when all is done", async () => {
    const wake: (() => void)[] = [];
    const asleep: number[] = [];
    const { ports, events } = machine({
      images: ["slipway/base:tb", "slipway/two:t2"],
      sleep: (ms) => {
        asleep.push(ms);
        return new Promise((resolve) => wake.push(resolve));
      },
      onBuild: async () => {
        for (let round = 0; round < 3; round += 1) {
          wake.shift()?.();
          await new Promise((resolve) => setImmediate(resolve));
        }
      },
    });
    let ms = 0;
    const clock = { ...ports.clock, monotonicMs: () => (ms += 5_000) };

    await buildImages(request(), { ...ports, clock });

    expect(events.filter(({ state }) => state === "building")).toHaveLength(4);
    expect(asleep[0]).toBeLessThanOrEqual(15_000);
    const count = events.length;
    wake.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
    expect(events).toHaveLength(count);
  });

  test("says what is missing where docker has no BuildKit client", async () => {
    const output = ["ERROR: BuildKit is enabled but the buildx component is missing or broken."];
    const { ports } = machine({ builds: { base: { exitCode: 1, output } } });

    await expect(buildImages(request(), ports)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      hint: expect.stringContaining("docker-buildx") as string,
    });
  });

  test("ends the running builds and removes its folder when interrupted", async () => {
    const interrupt = new AbortController();
    const { ports, built, removed } = machine({
      onBuild: (_, options) => {
        interrupt.abort();
        expect(options.signal?.aborted).toBe(true);
        return Promise.resolve();
      },
      builds: { base: { exitCode: 137, output: [] } },
    });

    await expect(buildImages(request({ signal: interrupt.signal }), ports)).rejects.toMatchObject({
      code: "INTERRUPTED",
    });
    expect(built()).toEqual(["base"]);
    expect(removed).toEqual(["/build"]);
  });
});

describe("listImages", () => {
  test("tells what is there, and why a digest is not known", async () => {
    const { ports } = machine({ images: ["slipway/one:t1"] });

    const images = await listImages(request(), ports);

    expect(images.map(({ name, imageId }) => [name, imageId])).toEqual([
      ["base", undefined],
      ["one", "sha256:1"],
      ["two", undefined],
      ["login", undefined],
    ]);
    expect(images.at(-1)).toMatchObject({ reference: "vendor/login:1", digest: "unresolved", reason: "no registry" });
  });
});
