import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, expect, it } from "vitest";
import { describeUnless, itUnless } from "../support/unless.ts";
import { digestOf } from "../../src/oci/digest.ts";
import { startChild } from "../support/child.ts";
import { createPushWorld, sampleImages, uniqueBytes } from "./push-world.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A port that nothing listens on at the moment: this registry cannot be told to take any. */
async function findFreePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}

const program = "docker-registry";
const isInstalled = spawnSync(program, ["--version"]).error === undefined;

interface RealRegistry {
  readonly host: string;
  /** Lines of its access log: method, path with query, status. */
  requests(): Promise<readonly string[]>;
}

/** The distribution project's registry as Debian packages it, with plain HTTP on loopback. */
async function startRegistry(): Promise<RealRegistry> {
  const folder = await mkdtemp(join(tmpdir(), "slipway-distribution-"));
  const host = `127.0.0.1:${await findFreePort()}`;
  await mkdir(join(folder, "data"));
  const config = {
    version: 0.1,
    log: { accesslog: { disabled: false }, level: "error" },
    storage: { filesystem: { rootdirectory: join(folder, "data") }, delete: { enabled: true } },
    http: { addr: host },
  };
  await writeFile(join(folder, "config.yml"), JSON.stringify(config));
  const child = startChild(program, ["serve", join(folder, "config.yml")]);
  const log: string[] = [];
  let asked = 0;
  child.process.stdout?.on("data", (chunk: Buffer) => log.push(chunk.toString()));
  closers.push(async () => {
    child.process.kill("SIGKILL");
    await child.ended;
    await rm(folder, { recursive: true, force: true });
  });
  const answers = async () => (await fetch(`http://${host}/v2/`).catch(() => undefined))?.ok === true;
  while (child.process.exitCode === null && !(await answers())) await delay(50);
  return {
    host,
    requests: async () => {
      // It writes down a request before it answers: once the last one stands there, all before it do.
      const last = `/v2/?last=${(asked += 1)}`;
      await fetch(`http://${host}${last}`);
      while (!log.join("").includes(last)) await delay(5);
      return [...log.join("").matchAll(/"(HEAD|GET|POST|PUT|PATCH) (\S+) HTTP\/1\.1" (\d+)/g)]
        .map(([, method, path, status]) => `${method ?? ""} ${path ?? ""} ${status ?? ""}`)
        .filter((line) => !/^GET \/v2\/[ ?]/.test(line));
    },
  };
}

const count = (lines: readonly string[], pattern: RegExp): number => lines.filter((line) => pattern.test(line)).length;

describeUnless(isInstalled ? undefined : `${program} is not installed`, "a real registry", () => {
  it("gets each blob once, mounts the rest, and is asked once per image afterwards", async () => {
    const images = sampleImages(6);
    const world = await createPushWorld(images);
    closers.push(() => world.close());
    const registry = await startRegistry();

    const result = await world.push(registry.host);
    const first = await registry.requests();
    const again = await world.push(registry.host);
    const second = (await registry.requests()).slice(first.length);

    const unique = new Set(
      Object.values(images).flatMap(({ blobs }) => blobs.map(({ descriptor }) => descriptor.digest)),
    );
    expect([result.ok, again.ok]).toEqual([true, true]);
    expect(result.bytes.sent).toBe(uniqueBytes(images));
    expect(count(first, /^PUT \S+blobs\/uploads\/\S+ 201/)).toBe(unique.size);
    expect(count(first, /^POST \S+mount=\S+ 201/)).toBe(5);
    expect(second).toEqual(
      Object.keys(images).map(() => expect.stringMatching(/^HEAD \S+\/manifests\/1 200$/) as string),
    );
  });

  it("finishes after kill -9, with at most one blob per connection sent again", async () => {
    const images = sampleImages(6, 1_000_000);
    const world = await createPushWorld(images);
    closers.push(() => world.close());
    const registry = await startRegistry();
    const args = ["push", "--from", `oci:${world.layout}`, "--to", registry.host, "--connections", "2", "--json"];
    const start = () =>
      startChild(process.execPath, ["installer/src/cli/main.ts", ...args], {
        env: { PATH: process.env["PATH"], HOME: world.folder, XDG_CACHE_HOME: join(world.folder, "xdg") },
      });
    const killed = start();
    while (count(await registry.requests(), /^PUT \S+uploads/) < 4) await delay(5);
    killed.process.kill("SIGKILL");
    await killed.ended;

    const done = await start().ended;

    const result = JSON.parse(done.stdout) as { readonly ok: boolean };
    const puts = count(await registry.requests(), /^PUT \S+blobs\/uploads\/\S+ 201/);
    const unique = new Set(
      Object.values(images).flatMap(({ blobs }) => blobs.map(({ descriptor }) => descriptor.digest)),
    );
    expect([done.exitCode, result.ok]).toEqual([0, true]);
    expect(puts).toBeLessThanOrEqual(unique.size + 2);
  });

  const skopeo = spawnSync("skopeo", ["--version"]).error === undefined;

  itUnless(skopeo ? undefined : "skopeo is not installed", "holds what skopeo reads back", async () => {
    const images = sampleImages(2);
    const world = await createPushWorld(images);
    closers.push(() => world.close());
    const registry = await startRegistry();
    await world.push(`${registry.host}/team`);

    const copied = spawnSync("skopeo", [
      "copy",
      "--src-tls-verify=false",
      `docker://${registry.host}/team/slipway/image-1:1`,
      `dir:${join(world.folder, "back")}`,
    ]);

    expect(copied.stderr.toString()).not.toContain("level=fatal");
    const manifest = await readFile(join(world.folder, "back", "manifest.json"));
    expect(digestOf(manifest)).toBe(images["docker.io/slipway/image-1:1"]?.root.digest);
  });
});
