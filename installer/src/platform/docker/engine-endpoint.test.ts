import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PreflightError } from "../../errors/installer-error.ts";
import { engineEndpoint } from "./engine-endpoint.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-endpoint-"));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function writeFiles(at: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(at, { recursive: true });
  for (const [name, contents] of Object.entries(files)) await writeFile(join(at, name), contents);
}

/** A context as `docker context create` writes it. */
async function writeContext(
  name: string,
  endpoint: object,
  files?: Readonly<Record<string, string>>,
): Promise<Record<string, string>> {
  const id = createHash("sha256").update(name).digest("hex");
  const meta = JSON.stringify({ Name: name, Metadata: {}, Endpoints: { docker: endpoint } });
  await writeFiles(join(folder, "contexts", "meta", id), { "meta.json": meta });
  if (files !== undefined) await writeFiles(join(folder, "contexts", "tls", id, "docker"), files);
  await writeFiles(folder, { "config.json": JSON.stringify({ currentContext: name }) });
  return { DOCKER_CONFIG: folder };
}

describe("the address", () => {
  it.each([
    [{}, { kind: "unix", socketPath: "/var/run/docker.sock" }],
    [{ DOCKER_HOST: "unix:///run/user/1/docker.sock" }, { kind: "unix", socketPath: "/run/user/1/docker.sock" }],
    [{ DOCKER_HOST: "unix://" }, { kind: "unix", socketPath: "/var/run/docker.sock" }],
    [{ DOCKER_HOST: "tcp://10.0.0.1" }, { kind: "tcp", host: "10.0.0.1", port: 2375 }],
    [{ DOCKER_HOST: "10.0.0.1:99" }, { kind: "tcp", host: "10.0.0.1", port: 99 }],
    [{ DOCKER_HOST: "tcp://[::1]:2375" }, { kind: "tcp", host: "::1", port: 2375 }],
    [{ DOCKER_HOST: "tcp://[fe80::1]:99" }, { kind: "tcp", host: "fe80::1", port: 99 }],
    [
      { DOCKER_HOST: "https://build.example" },
      { kind: "tcp", host: "build.example", port: 2376, tls: { verify: true } },
    ],
    [{ DOCKER_HOST: "ssh://host" }, { kind: "ssh", host: "host" }],
    [
      { DOCKER_HOST: "ssh://me@[::1]:2222/run/user/1/docker.sock" },
      { kind: "ssh", host: "::1", port: "2222", user: "me", socketPath: "/run/user/1/docker.sock" },
    ],
  ])("of %j", (env, endpoint) => {
    expect(engineEndpoint({ HOME: "/nonexistent", ...env })).toEqual({
      address: expect.any(String) as string,
      ...endpoint,
    });
  });

  it.each([
    ["npipe:////./pipe/docker", "npipe:////./pipe/docker cannot be used"],
    ["tcp://host:1/prefix", "tcp://host:1/prefix is not host and port"],
  ])("%s is refused by name", (address, message) => {
    expect(() => engineEndpoint({ DOCKER_HOST: address })).toThrow(message);
  });

  it("with a password is refused without telling it", () => {
    const read = () => engineEndpoint({ DOCKER_HOST: "ssh://me:tell-nobody@host" });

    expect(read).toThrow("ssh://me:…@host holds a password");
    expect(read).not.toThrow("tell-nobody");
  });
});

describe("TLS by environment", () => {
  const host = { DOCKER_HOST: "tcp://build.example" };

  it("takes authority, certificate and key from DOCKER_CERT_PATH", async () => {
    await writeFiles(folder, { "ca.pem": "CA", "cert.pem": "CERT", "key.pem": "KEY" });

    expect(engineEndpoint({ ...host, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder })).toMatchObject({
      port: 2376,
      tls: { ca: "CA", cert: "CERT", key: "KEY", verify: true },
    });
  });

  it("needs no certificate of ours for an engine that asks for none", async () => {
    await writeFiles(folder, { "ca.pem": "CA" });

    expect(engineEndpoint({ ...host, DOCKER_TLS_VERIFY: "1", DOCKER_CONFIG: folder })).toMatchObject({
      tls: { ca: "CA", verify: true },
    });
  });

  it("trusts any engine with DOCKER_TLS alone", () => {
    expect(engineEndpoint({ ...host, DOCKER_TLS: "1", DOCKER_CERT_PATH: folder })).toMatchObject({
      tls: { verify: false },
    });
  });

  it("is not asked for by certificates alone", () => {
    expect(engineEndpoint({ ...host, DOCKER_CERT_PATH: "/nonexistent" })).not.toHaveProperty("tls");
  });

  it.each([
    ["ca.pem", { "cert.pem": "CERT", "key.pem": "KEY" }],
    ["key.pem", { "ca.pem": "CA", "cert.pem": "CERT" }],
    ["cert.pem", { "ca.pem": "CA", "key.pem": "KEY" }],
  ])("without %s says which file is missing and what to set", async (missing, files) => {
    await writeFiles(folder, files);
    const read = () => engineEndpoint({ ...host, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder });

    expect(read).toThrow(PreflightError);
    expect(read).toThrow(
      expect.objectContaining({
        message: `the certificate file ${join(folder, missing)} is not there`,
        hint: expect.stringContaining("DOCKER_CERT_PATH") as string,
      }) as Error,
    );
  });
});

describe("a context", () => {
  it("is where its description says", async () => {
    const env = await writeContext("far", { Host: "tcp://build.example:99", SkipTLSVerify: false });

    expect(engineEndpoint(env)).toEqual({
      kind: "tcp",
      address: "tcp://build.example:99",
      host: "build.example",
      port: 99,
    });
  });

  it("brings its own certificates, whatever the environment says of others", async () => {
    const files = { "ca.pem": "CA", "cert.pem": "CERT", "key.pem": "KEY" };
    const env = await writeContext("far", { Host: "tcp://build.example:99", SkipTLSVerify: false }, files);

    expect(engineEndpoint({ ...env, DOCKER_CERT_PATH: "/nonexistent" })).toMatchObject({
      tls: { ca: "CA", cert: "CERT", key: "KEY", verify: true },
    });
  });

  it("may trust any engine", async () => {
    const env = await writeContext("far", { Host: "tcp://build.example:99", SkipTLSVerify: true });

    expect(engineEndpoint(env)).toMatchObject({ tls: { verify: false } });
  });

  it("with a certificate and no key says which file is missing", async () => {
    const env = await writeContext("far", { Host: "tcp://build.example:99" }, { "cert.pem": "CERT" });

    expect(() => engineEndpoint(env)).toThrow(/tls\/[0-9a-f]{64}\/docker\/key\.pem is not there$/);
  });

  it("is not looked at when DOCKER_HOST is set, and goes before the selected one when DOCKER_CONTEXT is", async () => {
    await writeContext("other", { Host: "unix:///other.sock" });
    const env = await writeContext("selected", { Host: "unix:///selected.sock" });

    expect(engineEndpoint({ ...env, DOCKER_HOST: "unix:///host.sock" })).toMatchObject({ socketPath: "/host.sock" });
    expect(engineEndpoint({ ...env, DOCKER_CONTEXT: "other" })).toMatchObject({ socketPath: "/other.sock" });
    expect(engineEndpoint(env)).toMatchObject({ socketPath: "/selected.sock" });
    expect(engineEndpoint({ ...env, DOCKER_CONTEXT: "default" })).toMatchObject({ socketPath: "/var/run/docker.sock" });
  });

  it("that is selected and not there is named", () => {
    expect(() => engineEndpoint({ DOCKER_CONFIG: folder, DOCKER_CONTEXT: "gone" })).toThrow(
      "the docker context gone is selected but not described",
    );
  });
});
