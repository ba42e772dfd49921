import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startFakeEngine } from "../../test/stand-ins/engine/fake-engine.ts";
import { runChild } from "../../test/support/child.ts";

const main = new URL("./main.ts", import.meta.url).pathname;
/** Writes down every module that is loaded. */
const recorder = `
  import { appendFileSync } from "node:fs";
  import { registerHooks } from "node:module";
  registerHooks({
    load: (url, context, next) => {
      appendFileSync(process.env.LOADED, url + "\\n");
      return next(url, context);
    },
  });`;

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-start-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** What belongs to clients: of the engine, and of a cluster. */
const clients = ["/node_modules/dockerode/", "/src/platform/kubernetes/cluster-calls.ts", "/node_modules/ws/"];

/** Which of these a command loads. */
async function loadedClients(args: readonly string[], socketPath = "/nonexistent"): Promise<readonly string[]> {
  const loaded = join(folder, "loaded");
  const env = { ...process.env, LOADED: loaded, DOCKER_HOST: `unix://${socketPath}`, HOME: folder };
  const flags = ["--import", `data:text/javascript,${encodeURIComponent(recorder)}`];
  const { exitCode, stderr } = await runChild(process.execPath, [...flags, main, ...args], { env });
  // 7 is the status of what is not installed.
  expect({ exitCode, stderr }).toMatchObject({ exitCode: args[0] === "status" ? 7 : 0 });
  const modules = await readFile(loaded, "utf8");
  expect(modules).toContain("/cli/main.ts");
  return clients.filter((path) => modules.includes(path));
}

describe("what talks to an engine or a cluster", () => {
  it("is loaded by commands that talk to it", async () => {
    const path = join(folder, "docker.sock");
    const engine = await startFakeEngine({ listen: { path } });
    try {
      await expect(loadedClients(["status", "--state-dir", folder], path)).resolves.toEqual([clients[0]]);
    } finally {
      await engine.close();
    }
  });

  it.each([
    ["--version", ["--version"]],
    ["validate", ["validate"]],
    ["plan --offline", ["plan", "--offline"]],
    ["render", ["render", "--out", "OUT"]],
  ])("is not loaded by %s", async (_name, args) => {
    const values = join(folder, "values.yaml");
    await writeFile(values, "domain: hub.example\n");
    const whole = args.map((arg) => (arg === "OUT" ? join(folder, "out") : arg));
    const files = args[0] === "--version" ? [] : ["-f", values];

    await expect(loadedClients([...whole, ...files])).resolves.toEqual([]);
  });
});
