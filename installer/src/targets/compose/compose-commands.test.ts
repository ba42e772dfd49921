import { describe, expect, it } from "vitest";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import type { Exec } from "../../platform/ports.ts";
import { createComposeCommands, type ServiceChange } from "./compose-commands.ts";

/** How the docker program is called to create two services, with this configuration of the user. */
async function create(
  config: unknown,
  environment: Readonly<Record<string, string>> = { HOME: "/home/ann" },
  over?: ServiceChange,
) {
  const calls: { readonly args: readonly string[]; readonly stdin: string | undefined }[] = [];
  const exec: Exec = {
    run: (_, args, { stdin } = {}) => {
      calls.push({ args, stdin });
      return Promise.resolve({ exitCode: 0, stdout: "", stderr: "" });
    },
  };
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const fs = createMemoryFileSystem({ "/home/ann/.docker/config.json": text });
  await createComposeCommands({ exec, fs, environment }, "slipway", "/state/live").create(["redis", "nats"], over);
  const [call] = calls;
  const files = call?.args.flatMap((word, index) => (call.args[index - 1] === "--file" ? [word] : []));
  return { calls: calls.length, files, stdin: call?.stdin };
}

describe("proxies of the user's Docker configuration", () => {
  it.each<readonly [string, unknown]>([
    ["for all engines", { proxies: { default: { httpProxy: "http://p.corp:3128", noProxy: "localhost" } } }],
    ["for one engine", { proxies: { "tcp://h:2376": { httpProxy: "http://p.corp:3128", noProxy: "localhost" } } }],
  ])("%s are kept out of our containers", async (_, config) => {
    const { files, stdin, calls } = await create(config);

    expect(calls).toBe(1);
    expect(files).toEqual(["/state/live/compose.yaml", "-"]);
    const environment = { HTTP_PROXY: "", http_proxy: "", NO_PROXY: "", no_proxy: "" };
    expect(JSON.parse(stdin ?? "")).toEqual({ services: { redis: { environment }, nats: { environment } } });
  });

  it.each<readonly [string, unknown, Readonly<Record<string, string>> | undefined]>([
    ["that are not there", { auths: {} }, undefined],
    ["that are empty", { proxies: { default: { httpProxy: "" } } }, undefined],
    ["in a file that is not JSON", "{", undefined],
    [
      "of another folder",
      { proxies: { default: { httpProxy: "http://p" } } },
      { HOME: "/home/ann", DOCKER_CONFIG: "/x" },
    ],
    ["of nobody", { proxies: { default: { httpProxy: "http://p" } } }, {}],
  ])("%s change nothing", async (_, config, environment) => {
    const { files, stdin } = await create(config, environment);

    expect(files).toEqual(["/state/live/compose.yaml"]);
    expect(stdin).toBeUndefined();
  });
});

describe("what a container gets in place of what its file says", () => {
  const over = { command: ["look"], labels: { probe: "look" } };

  it("is laid over the file", async () => {
    const { files, stdin } = await create({}, {}, over);

    expect(files).toEqual(["/state/live/compose.yaml", "-"]);
    expect(JSON.parse(stdin ?? "")).toEqual({ services: { redis: over, nats: over } });
  });

  it("goes together with keeping proxies out", async () => {
    const { stdin } = await create({ proxies: { default: { ftpProxy: "http://p" } } }, { HOME: "/home/ann" }, over);

    const environment = { FTP_PROXY: "", ftp_proxy: "" };
    expect(JSON.parse(stdin ?? "")).toMatchObject({ services: { nats: { ...over, environment } } });
  });
});
