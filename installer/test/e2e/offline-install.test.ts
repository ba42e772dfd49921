import { link, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { hash } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BundleCreateResult } from "../../src/actions/bundle/create-request.ts";
import type { BundleLoadResult } from "../../src/actions/bundle/bundle-load.ts";
import type { PlanResult } from "../../src/actions/plan/plan.ts";
import type { PushResult } from "../../src/actions/push/push-request.ts";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { type ChildResult, mustRun, runChild } from "../support/child.ts";
import { findFreePorts, portArguments } from "../support/free-ports.ts";
import { runPrefix } from "../support/platform.ts";
import { type PrivateEngine, privateEngineObstacle, startPrivateEngine } from "../support/private-engine.ts";
import { makeTestCertificates } from "../stand-ins/registry/test-certificates.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const registryHost = "registry.example:5443";
const user = "pusher";
const password = "test-only-password";

const obstacle =
  (await privateEngineObstacle()) ??
  ((await runChild("sh", ["-c", "command -v nsenter"])).exitCode === 0 ? undefined : "running inside needs nsenter");

let folder: string;
let bundle: BundleCreateResult;
/** The same in parts, and an update of it. */
let parts: BundleCreateResult;
let delta: BundleCreateResult;

/** The connected side: program, key pair and signed bundle; then only what a person would carry goes to the other side. */
beforeAll(async () => {
  if (obstacle !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), `${runPrefix}offline-`));
  const made = join(folder, "made");
  const builtIn = ["--build-in", join(folder, "dist"), "--out", made];
  await mustRun(process.execPath, ["scripts/package.ts", "--platform", "linux/amd64", ...builtIn], { cwd: root });
  const program = join(made, "slipway");
  const there = { cwd: made };
  await mustRun(program, ["bundle", "keygen", "-o", "release", "--no-passphrase"], there);
  const create = ["-o", "slipway.tar", "--sign-key", "release.key", "--without", "casdoor"];
  bundle = JSON.parse(await mustRun(program, ["bundle", "create", ...create, "--json"], there)) as BundleCreateResult;
  const signed = ["--key", "release.pub", ...create.slice(2)];
  const split = ["-o", "parts/slipway.tar", "--from", "slipway.tar", "--split", "300MiB", "--parity", "1", ...signed];
  await mkdir(join(made, "parts"));
  parts = JSON.parse(await mustRun(program, ["bundle", "create", ...split, "--json"], there)) as BundleCreateResult;
  await makeChangedGateway(program, made);
  const update = ["-o", "update.tar", "--since", "slipway.tar", "--from", "oci:changed", "--from", "engine", ...signed];
  delta = JSON.parse(await mustRun(program, ["bundle", "create", ...update, "--json"], there)) as BundleCreateResult;
}, 600_000);

/** An OCI layout in which the gateway's image has another label; the engine's image keeps its name. */
async function makeChangedGateway(program: string, made: string): Promise<void> {
  const reference = bundle.images.find(({ name }) => name === "gateway")?.reference ?? "";
  const image = `${runPrefix}changed:1`;
  const container = (await mustRun("docker", ["create", reference])).trim();
  try {
    await mustRun("docker", ["commit", "--change", "LABEL dev.slipway.test=changed", container, image]);
    const create = ["bundle", "create", "--images-only", "--image", image, "--from", "engine", "--unsigned"];
    await mustRun(program, [...create, "-o", "changed.tar"], { cwd: made });
  } finally {
    await mustRun("docker", ["rm", container]);
    await mustRun("docker", ["image", "rm", "--force", image]);
  }
  await mkdir(join(made, "changed"));
  await mustRun("tar", ["-xf", "changed.tar", "-C", "changed"], { cwd: made });
  const index = join(made, "changed/index.json");
  await writeFile(index, (await readFile(index, "utf8")).replaceAll(`docker.io/library/${image}`, reference));
}

afterAll(async () => {
  if (obstacle === undefined) await rm(folder, { recursive: true, force: true });
});

/** A machine without network: an engine, and a folder with the bundle and the key of who made it. */
interface Host {
  readonly engine: PrivateEngine;
  readonly folder: string;
  /** Runs a program there. */
  run(command: string, ...args: readonly string[]): Promise<ChildResult>;
  must(command: string, ...args: readonly string[]): Promise<string>;
  /** Runs slipway, as install.sh of the bundle put it in place. */
  slipway<T>(exitCode: number, ...args: readonly string[]): Promise<T>;
  docker(...args: readonly string[]): Promise<string>;
  dispose(): Promise<void>;
}

async function openHost(files: readonly string[], prepare = ""): Promise<Host> {
  const engine = await startPrivateEngine([], prepare);
  const carried = join(engine.folder, "carried");
  await mkdir(carried);
  for (const file of [...files, "release.pub", "update.tar"].map((name) => join(folder, "made", name))) {
    await link(file, join(carried, basename(file))).catch(() => mustRun("cp", [file, carried]));
  }
  const [enter = "", ...enterArguments] = engine.inside;
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: join(engine.folder, "home"),
    TMPDIR: engine.folder,
    NO_COLOR: "1",
    CI: "1",
    ...engine.environment,
  };
  const run = (command: string, ...args: readonly string[]): Promise<ChildResult> =>
    runChild(enter, [...enterArguments.slice(0, -1), `--wd=${carried}`, "--", command, ...args], { env: environment });
  const must = async (command: string, ...args: readonly string[]): Promise<string> => {
    const result = await run(command, ...args);
    if (result.exitCode === 0) return result.stdout;
    throw new Error(
      `${command} ${args.join(" ")} ended with ${String(result.exitCode)}:\n${result.stderr}\n${result.stdout}`,
    );
  };
  const state = ["--name", "offline", "--state-dir", join(engine.folder, "state")];
  return {
    engine,
    folder: carried,
    run,
    must,
    slipway: async <T>(exitCode: number, ...args: readonly string[]) => {
      const result = await run(join(engine.folder, "bin/slipway"), ...state, ...args, "--json");
      if (result.exitCode !== exitCode) {
        throw new Error(`slipway ${args.join(" ")} ended with ${String(result.exitCode)}:\n${result.stderr}`);
      }
      return JSON.parse(result.stdout) as T;
    },
    docker: (...args) => must("docker", ...args),
    dispose: () => engine.dispose(),
  };
}

/** What README.txt of the bundle says: take the script out, let it put the program in place. */
async function putProgramInPlace(host: Host, file: string, first = file): Promise<void> {
  // Of a bundle in parts only the beginning is read, which tar says something about.
  await host.must("sh", "-c", `tar -xOf ${first} install.sh > install.sh 2>/dev/null || test -s install.sh`);
  await host.must("sh", "install.sh", file, "--key", "release.pub", "--to", join(host.engine.folder, "bin"));
}

const lostPart = ".part002";
const header = "slipway.tar.split.json";

/** The program that repairs has to be there before the parts are whole: a person has it from the connected side. */
async function repairParts(host: Host): Promise<void> {
  const program = join(folder, "made/slipway");
  await host.must(program, "bundle", "repair", header, "--key", "release.pub", "-o", "repaired");
  await host.must("mv", `repaired/slipway.tar${lostPart}`, ".");
}

const fromBundle = ["--mode", "compose", "--bundle", "slipway.tar", "--key", "release.pub"];

const fromParts = ["--mode", "compose", "--bundle", header, "--key", "release.pub"];

interface ErrorResult {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly details?: readonly string[];
}

describe("an install on a host without network, from nothing but the bundle", () => {
  let host: Host | undefined;
  let ports: readonly string[] = [];

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    ports = portArguments(await findFreePorts());
    host = await openHost(["slipway.tar"]);
    await putProgramInPlace(host, "slipway.tar");
  });

  afterAll(async () => {
    await host?.dispose();
  });

  it("begins where there is no way out and no image", async (context) => {
    if (host === undefined) return context.skip(obstacle);

    const routes = await host.must("ip", "route");
    const links = await host.must("ip", "-brief", "link");

    expect(await readdir(host.folder)).toEqual(expect.arrayContaining(["release.pub", "slipway.tar"]));
    expect(routes).not.toContain("default");
    expect(links).not.toMatch(/^eth|^en/m);
    expect(await host.docker("images", "--quiet")).toBe("");
  });

  it("is refused without the key of who made the bundle, and from a delta alone, before anything is written", async (context) => {
    if (host === undefined) return context.skip(obstacle);

    const error = await host.slipway<ErrorResult>(8, "install", ...ports, "--bundle", "slipway.tar");

    const delta = await host.slipway<ErrorResult>(
      8,
      "install",
      ...ports,
      "--bundle",
      "update.tar",
      "--key",
      "release.pub",
    );

    expect(error.code).toBe("BUNDLE_INVALID");
    expect(delta.message).toContain("slipway-infra");
    expect(await host.docker("images", "--quiet")).toBe("");
    expect(await readdir(host.engine.folder)).not.toContain("state");
  });

  it("ends with every wire green, everything from the bundle, and no connection tried elsewhere", async (context) => {
    if (host === undefined) return context.skip(obstacle);

    const result = await host.slipway<InstallResult>(0, "install", ...ports, ...fromBundle);
    const verified = await host.slipway<VerifyResult>(0, "verify");

    expect(result).toMatchObject({
      changed: true,
      bundle: { name: "slipway-infra", root: bundle.root, trust: "signed", leftOut: ["casdoor"] },
      verify: { ok: true, failed: 0 },
    });
    expect(result.egress?.refused).toEqual([]);
    expect(verified.failed).toBe(0);
    expect(verified.passed).toBe(verified.wires.length);
    expect(verified.passed).toBeGreaterThan(15);
    const names = (await host.docker("images", "--digests", "--format", "{{.Repository}}:{{.Tag}}")).trim().split("\n");
    expect(names.map((name) => `docker.io/${name}`).toSorted()).toEqual(
      bundle.images.map((image) => image.reference).toSorted(),
    );
  });

  it("changes nothing the second time, with the bundle and without it", async (context) => {
    if (host === undefined) return context.skip(obstacle);
    const before = await host.docker("ps", "--quiet", "--no-trunc");

    const again = await host.slipway<InstallResult>(0, "install", ...fromBundle);
    const plain = await host.slipway<InstallResult>(0, "install", "--offline");

    expect(again.changed).toBe(false);
    expect(plain.changed).toBe(false);
    expect(await host.docker("ps", "--quiet", "--no-trunc")).toBe(before);
  });

  it("is updated by a delta: what runs the changed image is made again and nothing else, and every wire is green", async (context) => {
    if (host === undefined) return context.skip(obstacle);
    const before = await runningServices(host);

    const update = ["--bundle", "update.tar", "--base", "slipway.tar", "--key", "release.pub"];
    const planned = await host.slipway<PlanResult>(0, "plan", ...update);
    const result = await host.slipway<InstallResult>(0, "install", ...update);
    const after = await runningServices(host);
    const verified = await host.slipway<VerifyResult>(0, "verify");

    const changed = [...after].filter(([name, id]) => before.get(name) !== id).map(([name]) => name);
    expect(planned.changes.filter(({ action }) => action === "recreate").map(({ id }) => id)).toEqual(changed);
    expect(result).toMatchObject({ changed: true, egress: { refused: [] } });
    expect(result.bundle?.root).not.toBe(bundle.root);
    expect([...after.keys()]).toEqual([...before.keys()]);
    expect(changed).toEqual(["gateway", "landing-page"]);
    expect(verified.failed).toBe(0);
    const label = ["--format", '{{index .Config.Labels "dev.slipway.test"}}', after.get("gateway") ?? ""];
    expect((await host.docker("inspect", ...label)).trim()).toBe("changed");
  });
});

describe("the bundle in parts", () => {
  it("is the same bundle, and the update carries little more than the layer that changed", (context) => {
    if (obstacle !== undefined) return context.skip(obstacle);

    expect(parts.root).toBe(bundle.root);
    expect(parts.files.filter((file) => file.includes(".part")).length).toBeGreaterThan(3);
    expect(delta).toMatchObject({ content: "delta", signed: true });
    expect(delta.bytes).toBeLessThan(bundle.bytes / 50);
  });
});

describe("an install on a host without network, from a private registry", () => {
  let host: Host | undefined;
  let ports: readonly string[] = [];
  let registry: readonly string[] = [];
  let loaded: BundleLoadResult | undefined;

  beforeAll(async () => {
    if (obstacle !== undefined) return;
    ports = portArguments(await findFreePorts());
    const certificates = await makeTestCertificates();
    const carried = parts.files.map((file) => join("parts", basename(file))).filter((file) => !file.endsWith(lostPart));
    host = await openHost(carried, trustScript(certificates.ca));
    await repairParts(host);
    await putProgramInPlace(host, header, "slipway.tar.part001");
    const files = join(host.engine.folder, "registry");
    await mkdir(files);
    await writeFile(join(files, "cert.pem"), certificates.wrongName.cert, { mode: 0o644 });
    await writeFile(join(files, "key.pem"), certificates.wrongName.key, { mode: 0o644 });
    await writeFile(join(files, "htpasswd"), `${user}:${await hash(password, 5)}\n`, { mode: 0o644 });
    await writeFile(join(files, "config.yml"), registryConfiguration, { mode: 0o644 });
    await writeFile(join(host.folder, "password"), password, { mode: 0o600 });
    await writeFile(join(host.folder, "ca.pem"), certificates.ca);
    loaded = await loadFromOutside(host, "registry");
    const image = loaded.images[0]?.reference ?? "";
    await host.docker(
      "run",
      "--detach",
      "--name",
      "private-registry",
      "--network",
      "host",
      "--user",
      "0:0",
      "-v",
      `${files}:/etc/distribution:ro`,
      image,
    );
    registry = ["--ca-file", "ca.pem", "--username", user, "--password-file", "password"];
  });

  afterAll(async () => {
    await host?.dispose();
  });

  const target = `${registryHost}/ai-infra`;

  it("got the registry's own image as one stream, as it was loaded from where the engine cannot reach", (context) => {
    if (host === undefined) return context.skip(obstacle);

    expect(loaded).toMatchObject({ way: "archive", images: [{ state: "loaded" }] });
  });

  it("is refused while the registry lacks the images, and names the push that brings them", async (context) => {
    if (host === undefined) return context.skip(obstacle);

    const error = await host.slipway<ErrorResult>(
      13,
      ...["install", ...ports, ...fromParts, "--registry", target, ...registry],
    );

    expect(error.hint).toContain("slipway push --bundle");
    expect(error.details?.join()).toContain(`${target}/slipway/postgres:`);
    expect(await readdir(host.engine.folder)).not.toContain("state");
  });

  it("takes every image from the registry by digest, for which a delta is enough, and changes nothing the second time", async (context) => {
    if (host === undefined) return context.skip(obstacle);
    const signed = ["--key", "release.pub", "--to", target, ...registry];
    const first = await host.slipway<PushResult>(0, "push", "--bundle", header, ...signed);
    const second = await host.slipway<PushResult>(0, "push", "--bundle", "update.tar", "--base", header, ...signed);

    const fromDelta = ["--bundle", "update.tar", "--key", "release.pub", "--registry", target];
    const result = await host.slipway<InstallResult>(0, "install", ...ports, ...fromDelta, ...registry);
    const verified = await host.slipway<VerifyResult>(0, "verify");
    const again = await host.slipway<InstallResult>(0, ...["install", ...fromDelta, ...registry]);

    expect(first.ok).toBe(true);
    expect(second.bytes.sent).toBeLessThan(first.bytes.sent / 50);
    expect(result).toMatchObject({ changed: true, egress: { refused: [] }, verify: { failed: 0 } });
    expect(result.egress?.allowed).toContain("registry.example");
    expect(verified.failed).toBe(0);
    const plain = await host.slipway<InstallResult>(0, "install", "--offline");

    expect(again.changed).toBe(false);
    expect(plain.changed).toBe(false);
    const running = (
      await host.docker("ps", "--no-trunc", "--filter", "label=dev.slipway.role=service", "--format", "{{.Image}}")
    )
      .trim()
      .split("\n");
    expect(running.length).toBeGreaterThan(8);
    for (const image of running)
      expect(image).toMatch(/^registry\.example:5443\/ai-infra\/slipway\/.+@sha256:[0-9a-f]{64}$/);
  });
});

/** Container ids by component. */
async function runningServices(host: Host): Promise<ReadonlyMap<string, string>> {
  const format = '{{.Label "com.docker.compose.service"}} {{.ID}}';
  const lines = (
    await host.docker("ps", "--no-trunc", "--filter", "label=dev.slipway.role=service", "--format", format)
  )
    .trim()
    .split("\n");
  return new Map(lines.map((line) => line.split(" ") as [string, string]).toSorted());
}

/** From this side of the namespace: the socket of the engine is the same file, its loopback is another. */
async function loadFromOutside(host: Host, image: string): Promise<BundleLoadResult> {
  const args = ["bundle", "load", header, "--key", "release.pub", "--image", image, "--json"];
  const options = { cwd: host.folder, env: { ...process.env, ...host.engine.environment } };
  return JSON.parse(await mustRun(join(folder, "made/slipway"), args, options)) as BundleLoadResult;
}

/** Engine and programs find the registry by its name and trust who signed its certificate. */
function trustScript(ca: string): string {
  return `mkdir -p etc-docker/certs.d/${registryHost}
cat > etc-docker/certs.d/${registryHost}/ca.crt <<'END'
${ca.trim()}
END
mount --bind etc-docker /etc/docker
printf '127.0.0.1 localhost registry.example\\n' > hosts
mount --bind hosts /etc/hosts`;
}

const registryConfiguration = `version: 0.1
storage:
  filesystem:
    rootdirectory: /tmp/registry
auth:
  htpasswd:
    realm: test
    path: /etc/distribution/htpasswd
http:
  addr: 127.0.0.1:5443
  tls:
    certificate: /etc/distribution/cert.pem
    key: /etc/distribution/key.pem
`;
