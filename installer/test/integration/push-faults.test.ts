import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { PushResult } from "../../src/actions/push/push-request.ts";
import { InstallerError } from "../../src/errors/installer-error.ts";
import {
  createPushWorld,
  findIncomplete,
  type PushChanges,
  type PushWorld,
  sampleImages,
  tagsIn,
  uniqueBytes,
} from "./push-world.ts";
import { createTestRegistry, type TestRegistry } from "../stand-ins/registry/create-test-registry.ts";
import type { TestRegistryOptions } from "../stand-ins/registry/options.ts";
import type { Fault, FaultRule } from "../stand-ins/registry/faults.ts";
import { makeTestCertificates } from "../stand-ins/registry/test-certificates.ts";

const images = sampleImages(3);
const everyTag = Object.keys(images).map((name) => name.replace("docker.io/", ""));
const ownBlob = Object.values(images)[1]?.blobs[3]?.descriptor.digest ?? "";
const uploads = /\/blobs\/uploads\//;
const ofOwnBlob = new RegExp(ownBlob.replace(":", "(:|%3A)"));

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface SetUp {
  readonly world: PushWorld;
  readonly registry: TestRegistry;
  readonly push: (changes?: PushChanges) => Promise<PushResult>;
}

async function setUp(options: TestRegistryOptions = {}): Promise<SetUp> {
  const world = await createPushWorld(images);
  const registry = await createTestRegistry(options);
  closers.push(
    () => world.close(),
    () => registry.close(),
  );
  const push = ({ registry: more, ...changes }: PushChanges = {}): Promise<PushResult> =>
    world.push(registry.host, { ...changes, registry: { idleTimeoutMs: 500, ...more } });
  return { world, registry, push };
}

/** Everything that a push says went wrong, and how it ended. */
async function refusalOf(pushing: Promise<PushResult>): Promise<{ readonly codes: readonly string[]; words: string }> {
  const ended: unknown = await pushing.catch((thrown: unknown) => thrown);
  if (ended instanceof InstallerError) return { codes: [ended.code], words: wordsOf(ended) };
  if (ended instanceof Error) throw ended;
  const errors = (ended as PushResult).images.flatMap(({ error }) => error ?? []);
  return { codes: [...new Set(errors.map(({ code }) => code))], words: errors.map(wordsOf).join("\n") };
}

function wordsOf({ message, hint = "" }: { readonly message: string; readonly hint?: string | undefined }): string {
  return `${message}\n${hint}`;
}

/** Nothing incomplete has a name; without the fault the same command brings everything there. */
async function expectSecondRunFinishes({ registry, push }: SetUp, changes: PushChanges = {}): Promise<void> {
  expect(findIncomplete(registry)).toEqual([]);
  registry.clearFaults();
  const again = await push(changes);
  expect(again.images.flatMap(({ error }) => error ?? [])).toEqual([]);
  expect(tagsIn(registry)).toEqual(everyTag);
  expect(findIncomplete(registry)).toEqual([]);
}

describe("a push to a registry that fails for a moment", () => {
  const onPut = (fault: Fault): FaultRule => ({ method: "PUT", path: uploads, nth: [1, 3], fault });
  it.each<readonly [string, FaultRule]>([
    ["408", onPut({ kind: "status", status: 408 })],
    ["429 with a date", onPut({ kind: "too-many", retryAfter: "Wed, 21 Oct 2015 07:28:00 GMT" })],
    ["502", onPut({ kind: "status", status: 502 })],
    ["503 for manifests", { method: "PUT", path: /manifests/, nth: [1, 3], fault: { kind: "status", status: 503 } }],
    ["504 at the first request", { nth: [1, 2], fault: { kind: "status", status: 504 } }],
    ["a drop of the manifest at 90 %", { method: "PUT", path: /manifests/, nth: 1, fault: { kind: "drop", at: 0.9 } }],
    ["1 KB/s", { path: ofOwnBlob, fault: { kind: "slow", bytesPerSecond: 1024 } }],
  ])("%s: it gets through, and a second run sends nothing", async (_, rule) => {
    const place = await setUp();
    const armed = place.registry.inject(rule);

    const result = await place.push({ registry: { idleTimeoutMs: 2000 } });

    expect(armed.hits).toBeGreaterThan(0);
    expect(result.images.flatMap(({ error }) => error?.message ?? [])).toEqual([]);
    place.registry.clearLog();
    await expectSecondRunFinishes(place);
    expect(place.registry.bytesReceived()).toBe(0);
  });
});

describe("a push to a registry that keeps failing for one blob", () => {
  const always = (fault: Fault): FaultRule => ({ method: "PUT", path: ofOwnBlob, fault });
  it.each<readonly [string, FaultRule, RegExp]>([
    ["401", always({ kind: "error", status: 401, code: "UNAUTHORIZED" }), /asks for a user and password \(401\)/],
    ["403", always({ kind: "error", status: 403, code: "DENIED" }), /forbids this \(403\)/],
    ["404", always({ kind: "error", status: 404, code: "NAME_UNKNOWN" }), /no such repository/],
    ["413", always({ kind: "status", status: 413 }), /refuses bodies of this size \(413\)/],
    ["429 without end", always({ kind: "too-many", retryAfter: "0" }), /still limits the rate of requests \(429\)/],
    ["500", always({ kind: "status", status: 500 }), /keeps failing \(500\)/],
    [
      "500 that means a full disk",
      always({ kind: "error", status: 500, code: "UNKNOWN", message: "write /x: no space left on device" }),
      /no space left \(500\)/,
    ],
    ["507", always({ kind: "status", status: 507 }), /no space left \(507\)/],
    ["a reset", always({ kind: "reset", afterBytes: 100 }), /connection broke, also when tried again/],
    ["a stall", always({ kind: "stall", afterBytes: 100 }), /no byte moved for too long, also when tried again/],
    ["another digest", always({ kind: "wrong-digest" }), /stored it as sha256:0000/],
    ["a circle of redirects", always({ kind: "redirect", to: `/?digest=${ownBlob}` }), /redirects more than 5 times/],
  ])("%s: its image alone fails, the blob is named, and a second run finishes", async (_, rule, message) => {
    const place = await setUp();
    place.registry.inject(rule);

    const { codes, words } = await refusalOf(place.push());

    expect(codes).toEqual(["REGISTRY_FAILED"]);
    expect(words).toContain(`blob ${ownBlob} of slipway/image-1 on ${place.registry.host}`);
    expect(words).toMatch(message);
    expect(tagsIn(place.registry)).toEqual(everyTag.filter((name) => name !== "slipway/image-1:1"));
    await expectSecondRunFinishes(place);
  });
});

describe("a push to a registry that keeps failing for a manifest", () => {
  const ofOne = /slipway\/image-1\/manifests/;
  it.each<readonly [string, Fault, RegExp]>([
    ["403", { kind: "error", status: 403, code: "DENIED" }, /forbids this/],
    ["400", { kind: "error", status: 400, code: "MANIFEST_INVALID" }, /does not take this kind of manifest/],
    ["500", { kind: "status", status: 500 }, /keeps failing/],
    ["a reset", { kind: "reset" }, /connection broke/],
    ["another digest", { kind: "wrong-digest" }, /stored it as sha256:0000/],
  ])("%s: its image alone fails, and a second run sends no blob again", async (_, fault, message) => {
    const place = await setUp();
    place.registry.inject({ method: "PUT", path: ofOne, fault });

    const { codes, words } = await refusalOf(place.push());

    expect(codes).toEqual(["REGISTRY_FAILED"]);
    expect(words).toMatch(/of slipway\/image-1 on /);
    expect(words).toMatch(message);
    await expectSecondRunFinishes(place);
    expect(place.registry.bytesReceived()).toBe(uniqueBytes(images));
  });
});

describe("a push that is sent elsewhere", () => {
  it("follows an upload to another host without credentials, and names nothing that did not arrive", async () => {
    const auth = { kind: "basic", users: { ann: "s3cret" } } as const;
    const place = await setUp({ auth });
    const storage = await createTestRegistry();
    closers.push(() => storage.close());
    const passwordFile = join(place.world.folder, "password");
    await writeFile(passwordFile, "s3cret\n");
    const changes = { registry: { username: "ann", passwordFile } };
    const location = `${storage.url}/v2/slipway/image-1/blobs/uploads/0-0`;
    place.registry.inject({
      method: "POST",
      path: uploads,
      fault: { kind: "status", status: 202, headers: { location } },
    });
    storage.inject({ method: "PUT", fault: { kind: "status", status: 201 } });

    const { words } = await refusalOf(place.push(changes));

    expect(words).toMatch(/misses content that the manifest names/);
    expect(storage.log.length).toBeGreaterThan(0);
    expect(storage.log.map(({ authorization }) => authorization).filter((scheme) => scheme !== undefined)).toEqual([]);
    expect(tagsIn(place.registry)).toEqual([]);
    place.registry.clearFaults();
    await expectSecondRunFinishes(place, changes);
  });

  it("from https to http is refused, the blob named, and nothing is sent in the clear", async () => {
    const certificates = await makeTestCertificates();
    const place = await setUp({ tls: certificates.good });
    const caFile = join(place.world.folder, "ca.pem");
    await writeFile(caFile, certificates.ca);
    const plain = await createTestRegistry();
    closers.push(() => plain.close());
    const headers = { location: `${plain.url}/v2/x/blobs/uploads/0-0` };
    place.registry.inject({ method: "POST", path: uploads, fault: { kind: "status", status: 202, headers } });

    const { words } = await refusalOf(place.push({ registry: { caFile } }));

    expect(words).toMatch(/blob sha256:[0-9a-f]{64} of slipway\/image-\d on .*redirects from https to http/);
    expect(plain.log).toEqual([]);
    expect(tagsIn(place.registry)).toEqual([]);
    await expectSecondRunFinishes(place, { registry: { caFile } });
  });
});

describe("a push over TLS or a proxy that is wrong", () => {
  it.each([
    ["good", "otherCa", /authority this machine does not trust/],
    ["expired", "ca", /has expired/],
    ["wrongName", "ca", /for another name/],
  ] as const)("a certificate that is %s for the authority %s: nothing is sent", async (pair, ca, message) => {
    const certificates = await makeTestCertificates();
    const { registry, push, world } = await setUp({ tls: certificates[pair] });
    const caFile = join(world.folder, "ca.pem");
    await writeFile(caFile, certificates[ca]);

    const { codes, words } = await refusalOf(push({ registry: { caFile } }));

    expect(codes).toEqual(["REGISTRY_FAILED"]);
    expect(words).toMatch(message);
    expect(words).toContain(registry.host);
    expect(registry.log).toEqual([]);
  });

  it("a proxy that wants a password: it is told apart from the registry, and its password is not shown", async () => {
    const { world } = await setUp();
    const proxy = createServer();
    proxy.on("connect", (_, socket) => socket.end("HTTP/1.1 407 Proxy Authentication Required\r\n\r\n"));
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    closers.push(() => new Promise((resolve) => proxy.close(resolve)));
    const environment = world.ports.environment as Record<string, string>;
    environment["HTTPS_PROXY"] = `http://me:s3cret@127.0.0.1:${(proxy.address() as AddressInfo).port}`;

    const { codes, words } = await refusalOf(world.push("registry.example"));

    expect(codes).toEqual(["REGISTRY_FAILED"]);
    expect(words).toMatch(/registry\.example: the proxy .* asks for a user.*\(407\)/);
    expect(`${words}${JSON.stringify(world.events)}`).not.toContain("s3cret");
  });
});
