import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { fixtureKey } from "../../../test/support/bundle-fixture.ts";
import { createSeededRandom } from "../../../test/support/memory-ports.ts";
import { createTestRegistry, type TestRegistry } from "../../../test/stand-ins/registry/create-test-registry.ts";
import type { Fault, FaultRule } from "../../../test/stand-ins/registry/faults.ts";
import { seedImage, syntheticBytes, syntheticImage } from "../../../test/stand-ins/registry/synthetic-image.ts";
import { makeTestCertificates } from "../../../test/stand-ins/registry/test-certificates.ts";
import { formatSecretKey } from "../../bundle/minisign-secret.ts";
import { openAssets } from "../../cli/assets.ts";
import { InstallerError } from "../../errors/installer-error.ts";
import { realPorts } from "../../../test/support/real-ports.ts";
import { createBundle } from "./bundle-create.ts";
import type { BundleCreateRequest, BundleCreateResult } from "./create-request.ts";
import type { ActionPorts } from "../context.ts";

const layers = [syntheticBytes("large", 400_000), syntheticBytes("small", 30_000)];
const image = syntheticImage("pulled", layers);
const [config, large, small] = image.blobs.map(({ descriptor }) => descriptor);
const blobs = /\/blobs\/sha256/;
const ofLarge = new RegExp(large?.digest ?? "");
const manifests = /\/manifests\//;

let folder: string;
let registry: TestRegistry;
const open: TestRegistry[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "slipway-pull-"));
  writeFileSync(join(folder, "key"), await formatSecretKey(fixtureKey, "", createSeededRandom("k")));
  registry = await start();
});

afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(options: Parameters<typeof createTestRegistry>[0] = {}): Promise<TestRegistry> {
  const made = await createTestRegistry(options);
  open.push(made);
  seedImage(made.store, "team/app", image, "1");
  return made;
}

/** Waits are shortened, also the one for a byte that does not come. */
function testPorts(environment: Readonly<Record<string, string>> = {}): ActionPorts {
  const real = realPorts({});
  return {
    ...real,
    http: (settings) => {
      const http = real.http(settings);
      return { ...http, request: (request) => http.request({ ...request, idleTimeoutMs: 500 }) };
    },
    clock: { ...real.clock, sleep: (ms, signal) => real.clock.sleep(Math.min(ms, 2), signal) },
    assets: openAssets(),
    environment: { HOME: folder, ...environment },
    report: () => undefined,
    signal: new AbortController().signal,
  };
}

function create(
  output: string,
  from: TestRegistry = registry,
  more: Partial<BundleCreateRequest> = {},
  ports: ActionPorts = testPorts(),
): Promise<BundleCreateResult> {
  return createBundle(
    {
      name: "slipway",
      stateDir: join(folder, "state"),
      values: { profile: "infra", files: [], set: [], without: [] },
      output: join(folder, output),
      platforms: ["linux/amd64"],
      from: ["registry"],
      since: [],
      images: [`${from.host}/team/app:1`],
      imagesOnly: true,
      tools: [],
      executables: [],
      keyFiles: [],
      allowUnsigned: false,
      signing: { unsigned: false, keyFile: join(folder, "key") },
      plainHttp: false,
      dryRun: false,
      cacheDir: join(folder, "cache"),
      jobs: 1,
      ...more,
    },
    ports,
  );
}

/** Everything it says, with what it is about. */
async function refusalOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly words: string }> {
  const error: unknown = await work.catch((thrown: unknown) => thrown);
  if (!(error instanceof InstallerError)) throw error;
  return { code: error.code, words: [error.message, ...error.details, error.hint].join("\n") };
}

/** No bundle stands under its name; without the fault the same command makes the one that an undisturbed run makes. */
async function expectSecondRunFinishes(): Promise<BundleCreateResult> {
  expect(existsSync(join(folder, "b.tar"))).toBe(false);
  registry.clearFaults();
  registry.clearLog();
  const result = await create("b.tar");
  await expectWhole();
  return result;
}

async function expectWhole(): Promise<void> {
  const asked = registry.log.length;
  await create("undisturbed.tar");
  expect(readFileSync(join(folder, "b.tar")).equals(readFileSync(join(folder, "undisturbed.tar")))).toBe(true);
  expect(registry.log.length).toBeGreaterThan(asked);
  expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
}

const onLarge = (fault: Fault): FaultRule => ({ method: "GET", path: ofLarge, fault });

describe("bundle create from a registry that fails for a moment", () => {
  const onceOnLarge = (fault: Fault): FaultRule => ({ ...onLarge(fault), nth: 1 });
  it.each<readonly [string, FaultRule]>([
    ["408", onceOnLarge({ kind: "status", status: 408 })],
    ["429 with seconds", onceOnLarge({ kind: "too-many", retryAfter: "1" })],
    ["429 with a date", onceOnLarge({ kind: "too-many", retryAfter: "Wed, 21 Oct 2015 07:28:00 GMT" })],
    ["500", onceOnLarge({ kind: "status", status: 500 })],
    ["502 for manifests", { path: manifests, nth: [1, 3], fault: { kind: "status", status: 502 } }],
    ["503", onceOnLarge({ kind: "status", status: 503 })],
    ["a reset", onceOnLarge({ kind: "reset", afterBytes: 100_000 })],
    ["a reset of manifests", { path: manifests, nth: [1, 2], fault: { kind: "reset" } }],
    ["a drop at 90 %", onceOnLarge({ kind: "drop", at: 0.9 })],
    ["a stall", onceOnLarge({ kind: "stall", afterBytes: 100_000 })],
    ["1 KB/s", { path: new RegExp(config?.digest ?? ""), nth: 1, fault: { kind: "slow", bytesPerSecond: 1024 } }],
    ["a drop of the manifest at 90 %", { method: "GET", path: manifests, nth: 1, fault: { kind: "drop", at: 0.9 } }],
  ])("%s: the bundle is the one of an undisturbed run", async (_, rule) => {
    const armed = registry.inject(rule);

    await create("b.tar");

    expect(armed.hits).toBeGreaterThan(0);
    await expectWhole();
  });

  it("goes on in a blob where it broke off, and takes no byte twice", async () => {
    registry.inject(onceOnLarge({ kind: "drop", at: 0.9 }));

    await create("b.tar");

    expect(registry.requests("GET", ofLarge).map(({ status }) => status)).toEqual([200, 206]);
    await expectWhole();
  });
});

describe("bundle create from a registry that keeps failing", () => {
  const digest = large?.digest ?? "";
  const root = image.root.digest;
  it.each<readonly [string, FaultRule, string, RegExp]>([
    ["403", onLarge({ kind: "error", status: 403, code: "DENIED" }), digest, /forbids this \(403\)/],
    ["404", onLarge({ kind: "error", status: 404, code: "BLOB_UNKNOWN" }), digest, /does not have it/],
    ["500", onLarge({ kind: "status", status: 500 }), digest, /keeps failing \(500\)/],
    ["a reset", onLarge({ kind: "reset", afterBytes: 10 }), digest, /connection broke/],
    ["other bytes", onLarge({ kind: "wrong-bytes" }), digest, /has the digest sha256:/],
    ["another length", onLarge({ kind: "wrong-length", by: -10 }), digest, /399990 bytes there/],
    ["a web page", onLarge({ kind: "html" }), digest, /web page/],
    ["a circle of redirects", onLarge({ kind: "redirect", to: `/v2/team/app/blobs/${digest}` }), digest, /circle/],
  ])("%s: the blob is named, and a second run takes only what is missing", async (_, rule, object, message) => {
    registry.inject(rule);

    const { code, words } = await refusalOf(create("b.tar"));

    expect(code).toBe("REGISTRY_FAILED");
    expect(words).toContain(object);
    expect(words).toMatch(message);
    await expectSecondRunFinishes();
  });

  it.each<readonly [string, Fault, RegExp]>([
    ["403", { kind: "error", status: 403, code: "DENIED" }, /forbids this/],
    ["a reset", { kind: "reset" }, /connection broke/],
    ["other bytes", { kind: "wrong-bytes" }, /answers with sha256:|calls it sha256:/],
    ["another digest", { kind: "wrong-digest" }, /calls it sha256:0000/],
    ["a web page", { kind: "html" }, /web page/],
  ])("%s in place of a manifest: the image is named, and nothing is written", async (_, fault, message) => {
    registry.inject({ path: manifests, fault });

    const { code, words } = await refusalOf(create("b.tar"));

    expect(code).toBe("PREFLIGHT_FAILED");
    expect(words).toContain(`${registry.host}/team/app:1`);
    expect(words).toMatch(message);
    expect(readdirSync(folder).filter((name) => name.startsWith("b.tar"))).toEqual([]);
    await expectSecondRunFinishes();
  });

  it("a tag whose manifest is another one than the digest asked for is refused", async () => {
    registry.inject({ method: "GET", path: new RegExp(root), fault: { kind: "wrong-bytes" } });
    const images = [`${registry.host}/team/app:1@${root}`];

    const { words } = await refusalOf(create("b.tar", registry, { images }));

    expect(words).toMatch(new RegExp(`manifest ${root} .*answers with sha256:`));
  });

  it("what was whole before the fault is not asked for again", async () => {
    registry.inject({ method: "GET", path: new RegExp(small?.digest ?? ""), fault: { kind: "wrong-bytes" } });

    const { words } = await refusalOf(create("b.tar"));
    const result = await expectSecondRunFinishes();

    expect(words).toContain(small?.digest);
    expect(result.resumedBytes).toBeGreaterThanOrEqual(large?.size ?? 0);
    const again = registry.requests("GET", blobs).slice(0, 2);
    expect(again.map(({ digest: asked }) => asked)).toEqual([config?.digest, small?.digest]);
  });
});

describe("bundle create from a registry that is reached wrongly", () => {
  it("follows a redirect to another host without what signs us in", async () => {
    const users = { ann: "s3cret" };
    const guarded = await start({ auth: { kind: "basic", users } });
    const auth = Buffer.from("ann:s3cret").toString("base64");
    writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [guarded.host]: { auth } } }));
    const to = `${registry.url}/v2/team/app/blobs/${large?.digest ?? ""}`;
    const armed = guarded.inject(onLarge({ kind: "redirect", to }));
    registry.clearLog();

    await create("b.tar", guarded, {}, testPorts({ DOCKER_CONFIG: folder }));

    expect(armed.hits).toBeGreaterThan(0);
    expect(registry.log.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  it("a wrong password is sent once, and not shown", async () => {
    const guarded = await start({ auth: { kind: "basic", users: { ann: "right" } } });
    const auth = Buffer.from("ann:gu3ss").toString("base64");
    writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [guarded.host]: { auth } } }));

    const { words } = await refusalOf(create("b.tar", guarded, {}, testPorts({ DOCKER_CONFIG: folder })));

    expect(words).toMatch(/does not accept the user ann/);
    expect(words).not.toContain("gu3ss");
    expect(guarded.log.filter(({ authorization }) => authorization !== undefined)).toHaveLength(1);
  });

  const many = ["app", "one", "two"];
  async function startWithTokens(auth: object): Promise<TestRegistry> {
    const users = { ann: "right" };
    const guarded = await start({ auth: { kind: "token", users, readableTokens: true, ...auth } });
    for (const name of many) seedImage(guarded.store, `team/${name}`, image, "1");
    return guarded;
  }

  it("asks for one token for all images of a registry", async () => {
    const guarded = await startWithTokens({ anonymousPull: true });

    await create("b.tar", guarded, { images: many.map((name) => `${guarded.host}/team/${name}:1`) });

    expect(guarded.gate.issued.map(({ scopes }) => scopes)).toEqual([
      many.map((name) => `repository:team/${name}:pull`),
    ]);
  });

  it("a wrong password is sent once, also where a token is given for any", async () => {
    const guarded = await startWithTokens({ wrongPassword: "powerless" });
    const auth = Buffer.from("ann:gu3ss").toString("base64");
    writeFileSync(join(folder, "config.json"), JSON.stringify({ auths: { [guarded.host]: { auth } } }));
    const images = many.map((name) => `${guarded.host}/team/${name}:1`);

    const { words } = await refusalOf(create("b.tar", guarded, { images }, testPorts({ DOCKER_CONFIG: folder })));

    expect(words).toMatch(/does not accept the user ann/);
    expect(guarded.log.filter(({ authorization }) => authorization === "Basic")).toHaveLength(1);
  });

  it.each([
    ["good", "otherCa", /authority this machine does not trust/],
    ["expired", "ca", /has expired/],
    ["wrongName", "ca", /for another name/],
  ] as const)("a certificate that is %s for the authority %s: nothing is asked", async (pair, ca, message) => {
    const certificates = await makeTestCertificates();
    const secure = await start({ tls: certificates[pair] });
    const caFile = join(folder, "ca.pem");
    writeFileSync(caFile, certificates[ca]);

    const { words } = await refusalOf(create("b.tar", secure, { caFile }));

    expect(words).toMatch(message);
    expect(words).toContain(`${secure.host}/team/app:1`);
    expect(secure.log).toEqual([]);
    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });

  it("a proxy that wants a password is told apart from the registry", async () => {
    const proxy = createServer();
    proxy.on("connect", (_, socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const environment = { HTTPS_PROXY: `http://me:s3cret@127.0.0.1:${(proxy.address() as AddressInfo).port}` };
    const images = ["registry.example/team/app:1"];

    const { words } = await refusalOf(create("b.tar", registry, { images }, testPorts(environment)));
    proxy.close();

    expect(words).toMatch(/registry\.example: the proxy .* asks for a user.*\(407\)/);
    expect(words).not.toContain("s3cret");
    expect(existsSync(join(folder, "b.tar"))).toBe(false);
  });
});
