import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { hash } from "bcryptjs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BundleLoadResult } from "../../src/actions/bundle/bundle-load.ts";
import type { PlanResult } from "../../src/actions/plan/plan.ts";
import type { PushResult } from "../../src/actions/push/push-request.ts";
import type { InstallResult } from "../../src/actions/install/install-request.ts";
import type { VerifyResult } from "../../src/actions/verify/verify.ts";
import { mustRun } from "../support/child.ts";
import { findFreePorts, portArguments } from "../support/free-ports.ts";
import { runPrefix } from "../support/platform.ts";
import { makeTestCertificates } from "../stand-ins/registry/test-certificates.ts";
import { type Bundles, makeBundles } from "./offline-bundles.ts";
import { type Host, hostObstacle, openHost } from "./offline-host.ts";
import { registryConfiguration, registryHost, trustScript } from "./offline-registry.ts";

const user = "pusher";
const password = "test-only-password";

const obstacle = await hostObstacle();

let folder: string;
let bundles: Bundles;

beforeAll(async () => {
  if (obstacle !== undefined) return;
  folder = await mkdtemp(join(tmpdir(), `${runPrefix}offline-`));
  bundles = await makeBundles(folder);
}, 600_000);

/** What a person would carry, with the key and the update. */
async function openHostWith(files: readonly string[], prepare?: string): Promise<Host> {
  return openHost(
    [...files, "release.pub", "update.tar"].map((file) => join(bundles.made, file)),
    prepare,
  );
}

afterAll(async () => {
  if (obstacle === undefined) await rm(folder, { recursive: true, force: true });
});

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
  await host.must(bundles.program, "bundle", "repair", header, "--key", "release.pub", "-o", "repaired");
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
    ports = [...portArguments(await findFreePorts()), "--set", "domain=platform.test"];
    host = await openHostWith(["slipway.tar"]);
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
    expect(delta.message).toContain("slipway-standard");
    expect(await host.docker("images", "--quiet")).toBe("");
    expect(await readdir(host.engine.folder)).not.toContain("state");
  });

  it("ends with every wire green, everything from the bundle, and no connection tried elsewhere", async (context) => {
    if (host === undefined) return context.skip(obstacle);

    const result = await host.slipway<InstallResult>(0, "install", ...ports, ...fromBundle);
    const verified = await host.slipway<VerifyResult>(0, "verify");

    expect(result).toMatchObject({
      changed: true,
      bundle: { name: "slipway-standard", root: bundles.bundle.root, trust: "signed", leftOut: [] },
      verify: { ok: true, failed: 0 },
    });
    expect(result.egress?.refused).toEqual([]);
    expect(verified.failed).toBe(0);
    expect(verified.passed).toBe(verified.wires.length);
    expect(verified.passed).toBeGreaterThan(25);
    const names = (await host.docker("images", "--digests", "--format", "{{.Repository}}:{{.Tag}}")).trim().split("\n");
    expect(names.map((name) => `docker.io/${name}`).toSorted()).toEqual(
      bundles.bundle.images.map((image) => image.reference).toSorted(),
    );
  });

  it("has no container that tries to reach anything else or asks for its name, and whoever tries is seen", async (context) => {
    if (host === undefined) return context.skip(obstacle);

    const journey = await host.slipway<VerifyResult>(0, "verify", "--journey");
    const untilNow = await host.watch.attempts();
    const reached = await host.watch.reached();
    const [open, closed] = [await tryToLeave(host, "app"), await tryToLeave(host, "data")];
    const after = (await host.watch.attempts()).map((line) => line.replace(/^\S+ /, ""));

    expect(journey.wires.map(({ wire }) => wire)).toContain("hub-journey");
    expect(untilNow).toEqual([]);
    for (const component of ["gateway", "postgres", "temporal", "minio", "csghub-server", "csghub-user"])
      expect(reached).toContain(`offline-${component}-1`);
    expect(after).toContain("asks for telemetry.example.com");
    expect(after).toContain("sends to 203.0.113.7:443");
    expect(open).not.toContain("undefined");
    // Without a route there: refused before there is anything to see.
    expect(closed).toContain("ENETUNREACH");
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
    expect(result.bundle?.root).not.toBe(bundles.bundle.root);
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

    expect(bundles.parts.root).toBe(bundles.bundle.root);
    expect(bundles.parts.files.filter((file) => file.includes(".part")).length).toBeGreaterThan(3);
    expect(bundles.delta).toMatchObject({ content: "delta", signed: true });
    expect(bundles.delta.bytes).toBeLessThan(bundles.bundle.bytes / 50);
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
    const carried = bundles.parts.files
      .map((file) => join("parts", basename(file)))
      .filter((file) => !file.endsWith(lostPart));
    host = await openHostWith(carried, trustScript(certificates.ca));
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
  /** Of what the bundle carries, this host runs the ground. */
  const ground = ["--profile", "infra", "--without", "casdoor"];

  it("got the registry's own image as one stream, as it was loaded from where the engine cannot reach", (context) => {
    if (host === undefined) return context.skip(obstacle);

    expect(loaded).toMatchObject({ way: "archive", images: [{ state: "loaded" }] });
  });

  it("is refused while the registry lacks the images, and names the push that brings them", async (context) => {
    if (host === undefined) return context.skip(obstacle);

    const error = await host.slipway<ErrorResult>(
      13,
      ...["install", ...ground, ...ports, ...fromParts, "--registry", target, ...registry],
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
    const result = await host.slipway<InstallResult>(0, "install", ...ground, ...ports, ...fromDelta, ...registry);
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

/** What a program is told that asks for a name and connects to an address outside, from one of the platform's networks. */
async function tryToLeave(host: Host, network: string): Promise<string> {
  const attempt = `
const { Resolver } = require("node:dns");
const { connect } = require("node:net");
new Resolver({ timeout: 1000, tries: 1 }).resolve4("telemetry.example.com", (named) => {
  const end = (error) => { console.log(named?.code, error?.code); process.exit(); };
  connect(443, "203.0.113.7").once("error", end).once("connect", end).setTimeout(5000, end);
});`;
  const image = bundles.bundle.images.find(({ name }) => name === "csghub-server")?.reference ?? "";
  const run = ["run", "--rm", "--network", `offline_${network}`, "--entrypoint", "node", image, "-e", attempt];
  return host.docker(...run);
}

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
  return JSON.parse(await mustRun(bundles.program, args, options)) as BundleLoadResult;
}
