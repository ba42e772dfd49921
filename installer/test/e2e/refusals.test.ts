import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { readImageTable } from "../../src/actions/desired/load-plan.ts";
import { openAssets } from "../../src/cli/assets.ts";
import { mustRun, runChild } from "../support/child.ts";
import { findFreePorts, listen } from "../support/free-ports.ts";
import { openPlatform, runPrefix, writeInto } from "../support/platform.ts";
import type { Platform, PlatformOptions } from "../support/platform.ts";

const isRoot = process.getuid?.() === 0;
const nothing = { containers: [], networks: [], volumes: [] };
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function prepare(options: PlatformOptions = { arguments: ["--without", "casdoor"] }): Promise<Platform> {
  const platform = await openPlatform(options);
  cleanups.push(() => platform.dispose());
  return platform;
}

describe("install refuses before it changes anything", () => {
  it("when a port is taken, and names it", async () => {
    const platform = await prepare();
    const taken = await listen(platform.ports.http);
    cleanups.push(() => new Promise((resolve) => taken?.close(resolve)));

    const result = await platform.run(["install"]);

    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain(String(platform.ports.http));
    expect(result.stderr).toMatch(/hint:|remedy/i);
    expect(await platform.leftovers()).toEqual(nothing);
  });

  it("when values have unknown keys and wrong types, all of them at once with their places", async () => {
    const platform = await prepare();
    const file = await writeInto(platform, "mine.yaml", "redis:\n  memroy: 1Gi\ngateway:\n  replicas: many\n");

    const result = await platform.run(["install", "-f", file]);

    expect(result.exitCode).toBe(3);
    expect(result.stderr).toMatch(/redis\.memroy.*/);
    expect(result.stderr).toContain("gateway.replicas");
    expect(result.stderr).toMatch(/mine\.yaml:2/);
    expect(result.stderr).toMatch(/mine\.yaml:4/);
    expect(await platform.leftovers()).toEqual(nothing);
  });

  it("when an image can be neither built nor pulled, and says the ways out", async () => {
    const platform = await prepare({ arguments: ["--set", "casdoor.image=127.0.0.1:9/nobody/casdoor:0"] });

    const result = await platform.run(["install"]);

    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain("127.0.0.1:9/nobody/casdoor:0");
    expect(result.stderr).toContain("--without casdoor");
    expect(await platform.leftovers()).toEqual(nothing);
  });

  it("when the engine cannot be reached", async () => {
    const platform = await prepare();
    const elsewhere = { environment: { DOCKER_HOST: `unix://${join(platform.folder, "nobody.sock")}` } };

    const install = await platform.run(["install"], elsewhere);
    const doctor = await platform.run(["doctor"], elsewhere);
    const status = await platform.run(["status"], elsewhere);

    expect([install.exitCode, doctor.exitCode]).toEqual([4, 4]);
    expect(install.stderr).toContain("nobody.sock");
    expect(status.exitCode).not.toBe(0);
    expect(status.exitCode).not.toBe(1);
  });

  it("when the disk of the data directory is full", async (context) => {
    context.skip(!isRoot, "mounting a small disk needs root");
    const platform = await prepare();
    const place = await smallDisk(platform);

    const result = await platform.run(["install", "--set", `dataDir=${place}/data`]);

    expect(result.exitCode).toBe(4);
    expect(result.stderr).toContain(place);
    expect(result.stderr).toMatch(/space|disk|free/i);
    expect(await platform.leftovers()).toEqual(nothing);
  });
});

describe("install names what a store elsewhere refuses", () => {
  it("a wrong password of an external PostgreSQL", async () => {
    const host = (
      await mustRun("docker", ["network", "inspect", "bridge", "--format", "{{(index .IPAM.Config 0).Gateway}}"])
    ).trim();
    const platform = await prepare();
    const { s3: port } = await findFreePorts();
    await startPostgres(platform, host, port);
    const external = `mode: external\n  external: { host: ${host}, port: ${port}, adminUser: postgres, adminPassword: not-the-password, sslMode: disable }`;
    const file = await writeInto(platform, "values.yaml", `postgres:\n  ${external}\n`);

    const result = await platform.run(["install", "-f", file]);

    expect(result.stderr).toMatch(/password authentication failed|refuse/i);
    expect(result.stderr).toContain("[external.services] postgres: postgres cannot sign in");
    expect(result.stderr).toContain(`ALTER ROLE "postgres" PASSWORD '<its password>';`);
    expect(result.exitCode).toBe(4);
    expect(result.stderr + result.stdout).not.toContain("not-the-password");
  });
});

/** A disk of 64 MiB that is nearly full. */
async function smallDisk(platform: Platform): Promise<string> {
  const image = join(platform.folder, "disk.img");
  const place = join(platform.folder, "disk");
  await mkdir(place);
  await mustRun("truncate", ["--size", "64M", image]);
  await mustRun("mkfs.ext4", ["-q", "-F", image]);
  await mustRun("mount", ["-o", "loop", image, place]);
  cleanups.push(() => runChild("umount", ["--lazy", place]));
  return place;
}

/** A PostgreSQL of somebody else's, on an address that containers reach. */
async function startPostgres(platform: Platform, host: string, port: number): Promise<void> {
  const name = `${runPrefix}postgres`;
  const image = readImageTable(openAssets())["postgres"]?.reference ?? "";
  const secret = await writeInto(platform, "right-password", "the-right-one\n", 0o644);
  cleanups.push(() => runChild("docker", ["rm", "--force", "--volumes", name]));
  cleanups.push(() => rm(secret, { force: true }));
  const script = `postgres-initialise /password && exec postgres -D /var/lib/postgresql/data -c listen_addresses=${host} -c port=${port} -c hba_file=/tmp/hba`;
  await mustRun("docker", [
    ...["run", "--detach", "--name", name, "--network", "host", "--volume", `${secret}:/password:ro`],
    ...["--entrypoint", "sh", image, "-c", `echo "host all all all scram-sha-256" > /tmp/hba && ${script}`],
  ]);
  const isReady = ["exec", name, "pg_isready", "-q", "-h", host, "-p", String(port)];
  while ((await runChild("docker", isReady)).exitCode !== 0) {
    const state = await mustRun("docker", ["inspect", "--format", "{{.State.Running}}", name]);
    if (state.trim() !== "true") throw new Error(`PostgreSQL ended:\n${await mustRun("docker", ["logs", name])}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
