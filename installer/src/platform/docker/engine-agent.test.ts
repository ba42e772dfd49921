import { createHash } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type FakeEngine,
  type FakeEngineOptions,
  startFakeEngine,
} from "../../../test/stand-ins/engine/fake-engine.ts";
import { type SshServer, startSshServer } from "../../../test/stand-ins/engine/ssh-server.ts";
import { makeTestCertificates, type TestCertificates } from "../../../test/stand-ins/registry/test-certificates.ts";
import { describeUnless, itUnless } from "../../../test/support/unless.ts";
import { createDockerEngine } from "../docker-engine.ts";
import { createExec, findProgram } from "../exec.ts";

let folder: string;
let closing: (() => Promise<void>)[];
let certificates: TestCertificates;

beforeAll(async () => {
  certificates = await makeTestCertificates();
});

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "slipway-engine-"));
  closing = [];
});

afterEach(async () => {
  for (const close of closing) await close();
  await rm(folder, { recursive: true });
});

async function start(options: FakeEngineOptions): Promise<FakeEngine> {
  const engine = await startFakeEngine(options);
  closing.push(engine.close);
  return engine;
}

async function startTls(clientCertificate: boolean): Promise<FakeEngine> {
  const tls = { ...certificates.good, ca: certificates.ca, requestCert: clientCertificate };
  return start({ listen: { port: 0, host: "127.0.0.1" }, tls });
}

/** Asks the engine of this environment for its version. */
async function versionBy(env: Readonly<Record<string, string>>): Promise<string> {
  const whole = { PATH: process.env["PATH"], HOME: folder, ...env };
  return (await createDockerEngine({ env: whole, exec: createExec(whole) }).version()).apiVersion;
}

async function writeAll(at: string, files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(at, { recursive: true });
  for (const [name, contents] of Object.entries(files)) await writeFile(join(at, name), contents);
  return at;
}

const noIpv6 = Object.values(networkInterfaces())
  .flat()
  .some((address) => address?.address === "::1")
  ? undefined
  : "this machine has no IPv6 loopback";

describe("an engine reached by TCP", () => {
  itUnless(noIpv6, "answers on IPv6", async () => {
    const { port } = await start({ listen: { port: 0, host: "::1" } });

    await expect(versionBy({ DOCKER_HOST: `tcp://[::1]:${port}` })).resolves.toBe("1.47");
  });

  it("answers while the environment names certificates that are not there and are not asked for", async () => {
    const { port } = await start({ listen: { port: 0, host: "127.0.0.1" } });
    const env = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_CERT_PATH: "/nonexistent" };

    await expect(versionBy(env)).resolves.toBe("1.47");
  });

  it("keeps one connection for questions that follow each other", async () => {
    const engine = await start({ listen: { port: 0, host: "127.0.0.1" } });
    const env = { DOCKER_HOST: `tcp://127.0.0.1:${engine.port}`, HOME: folder };
    const docker = createDockerEngine({ env, exec: createExec(env) });

    for (let index = 0; index < 3; index += 1) await docker.volumes({});

    expect(engine.connections()).toBe(1);
  });
});

describe("an engine reached by TLS", () => {
  it("is trusted by its authority, and knows us by our certificate", async () => {
    const { port } = await startTls(true);
    const { ca, client } = certificates;
    const path = await writeAll(folder, { "ca.pem": ca, "cert.pem": client.cert, "key.pem": client.key });
    const env = { DOCKER_HOST: `tcp://localhost:${port}`, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: path };

    await expect(versionBy(env)).resolves.toBe("1.47");
  });

  it("is not spoken to when another authority signed its certificate", async () => {
    const { port, requests } = await startTls(false);
    const path = await writeAll(folder, { "ca.pem": certificates.otherCa });
    const env = { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: path };

    await expect(versionBy(env)).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: expect.stringContaining(
        `no trusted connection to the docker engine at tcp://127.0.0.1:${port}`,
      ) as string,
    });
    expect(requests).toEqual([]);
  });

  it("is reached by a context with its own certificates", async () => {
    const { port } = await startTls(true);
    const { ca, client } = certificates;
    const files = { "ca.pem": ca, "cert.pem": client.cert, "key.pem": client.key };
    const env = await writeContext({ Host: `tcp://127.0.0.1:${port}`, SkipTLSVerify: false }, files);

    await expect(versionBy(env)).resolves.toBe("1.47");
  });

  it("is not looked at closely by a context that says so", async () => {
    const { port } = await startTls(false);
    const env = await writeContext({ Host: `tcp://127.0.0.1:${port}`, SkipTLSVerify: true }, {});

    await expect(versionBy(env)).resolves.toBe("1.47");
  });

  async function writeContext(
    endpoint: object,
    files: Readonly<Record<string, string>>,
  ): Promise<Readonly<Record<string, string>>> {
    const id = createHash("sha256").update("far").digest("hex");
    const meta = JSON.stringify({ Name: "far", Metadata: {}, Endpoints: { docker: endpoint } });
    await writeAll(join(folder, "contexts", "meta", id), { "meta.json": meta });
    await writeAll(join(folder, "contexts", "tls", id, "docker"), files);
    return { DOCKER_CONFIG: folder, DOCKER_CONTEXT: "far" };
  }
});

const ssh = findProgram("ssh", process.env["PATH"]);
describeUnless(ssh === undefined ? "ssh is not installed" : undefined, "an engine reached by ssh", () => {
  async function startBoth(known: boolean): Promise<{ readonly engine: FakeEngine; readonly server: SshServer }> {
    const socketPath = join(folder, "docker.sock");
    const engine = await start({ listen: { path: socketPath } });
    const server = await startSshServer({ folder, ssh: ssh ?? "", user: "me", socketPath, known });
    closing.push(server.close);
    return { engine, server };
  }

  function environment(server: SshServer, path = ""): Readonly<Record<string, string>> {
    return {
      DOCKER_HOST: `ssh://me@127.0.0.1:${server.port}${path}`,
      PATH: `${server.bin}:${process.env["PATH"] ?? ""}`,
    };
  }

  it("answers through the docker program of that host, over one connection", async () => {
    const { server, engine } = await startBoth(true);
    const env = { HOME: folder, ...environment(server) };
    const docker = createDockerEngine({ env, exec: createExec(env) });

    await expect(docker.version()).resolves.toMatchObject({ apiVersion: "1.47" });
    await expect(docker.volumes({})).resolves.toEqual([]);
    expect(engine.requests.map(({ path }) => path)).toEqual(["/version", '/volumes?filters={"label":[]}']);
    expect(server.commands).toEqual(["docker system dial-stdio"]);
  });

  it("may listen on another socket there", async () => {
    const { server } = await startBoth(true);

    await expect(versionBy(environment(server, "/run/user/1/it's.sock"))).resolves.toBe("1.47");
    expect(server.commands).toEqual(["docker '--host=unix:///run/user/1/it'\\''s.sock' system dial-stdio"]);
  });

  it("is not spoken to on a host whose key nobody knows", async () => {
    const { server, engine } = await startBoth(false);

    await expect(versionBy(environment(server))).rejects.toMatchObject({
      code: "PREFLIGHT_FAILED",
      message: `the docker engine at ssh://me@127.0.0.1:${server.port} cannot be reached`,
      details: expect.arrayContaining([expect.stringContaining("Host key verification failed")]) as string[],
    });
    expect(engine.requests).toEqual([]);
  });
});

it("ssh that is not installed is named", async () => {
  await expect(versionBy({ DOCKER_HOST: "ssh://me@127.0.0.1:1", PATH: folder })).rejects.toThrow(
    "ssh is not installed",
  );
});
