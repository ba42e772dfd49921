import { pipeline } from "node:stream/promises";
import { Writable } from "node:stream";
import { afterEach, describe, expect, test } from "vitest";
import { collect, connectTo, hastyRetry, placementOf } from "../../test/stand-ins/registry/connect.ts";
import { createTestRegistry, type TestRegistry } from "../../test/stand-ins/registry/create-test-registry.ts";
import type { TestRegistryOptions } from "../../test/stand-ins/registry/options.ts";
import { seedImage, syntheticBytes, syntheticImage } from "../../test/stand-ins/registry/synthetic-image.ts";
import { RegistryError } from "../errors/installer-error.ts";
import { digestOf, verifyContent } from "../oci/digest.ts";
import type { RegistryClient } from "./registry-client.ts";
import type { RetryNotice } from "./retry.ts";

const image = syntheticImage("faults", [syntheticBytes("layer of faults", 400_000)]);
const layer = image.blobs[1]!;
const root = image.manifests[0]!;
const uploads = /\/blobs\/uploads\//;
const blobs = /\/blobs\/sha256/;

const open: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of open.splice(0)) await close();
});

async function setUp(
  options: TestRegistryOptions = {},
  client: Parameters<typeof connectTo>[1] = {},
): Promise<{ registry: TestRegistry; client: RegistryClient }> {
  const registry = await createTestRegistry(options);
  const connected = connectTo(registry, client);
  open.push(async () => {
    connected.close();
    await registry.close();
  });
  return { registry, client: connected };
}

/** A registry that has the image as team/app:1.0. */
async function seeded(options: TestRegistryOptions = {}, client: Parameters<typeof connectTo>[1] = {}) {
  const made = await setUp(options, client);
  seedImage(made.registry.store, "team/app", image, "1.0");
  return made;
}

async function failureOf(work: Promise<unknown>): Promise<RegistryError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(RegistryError);
  return error as RegistryError;
}

describe("sending a blob", () => {
  test.each([408, 429, 500, 502, 503, 504])("tries again after %i, and not for ever", async (status) => {
    const { registry, client } = await setUp();
    const fault = registry.inject({ method: "POST", path: uploads, nth: [1, 2], fault: { kind: "status", status } });

    expect(await client.placeBlob(placementOf("team/app", layer))).toBe("sent");
    expect(fault.hits).toBe(2);

    registry.clearFaults();
    const always = registry.inject({ method: "POST", path: uploads, fault: { kind: "status", status } });
    const error = await failureOf(client.placeBlob(placementOf("team/other", layer)));
    expect(error.message).toContain(`blob ${layer.descriptor.digest} of team/other on ${registry.host}`);
    expect(always.hits).toBe(hastyRetry.attempts);
  });

  test.each([
    [400, "DIGEST_INVALID", /other bytes than the digest says/],
    [403, "DENIED", /forbids this \(403\)/],
    [404, "NAME_UNKNOWN", /no such repository/],
    [413, "X", /bodies of this size/],
    [507, "X", /no space left/],
    [500, "UNKNOWN: write /var: no space left on device", /no space left/],
  ])("does not try again after %i %s, and says what to do", async (status, code, expected) => {
    const { registry, client } = await setUp();
    const fault = registry.inject({ method: "PUT", path: uploads, fault: { kind: "error", status, code } });

    const error = await failureOf(client.placeBlob(placementOf("team/app", layer)));

    expect(error.message).toMatch(expected);
    expect(error.message).toContain(layer.descriptor.digest);
    expect(error.hint).toBeTruthy();
    expect(fault.hits).toBe(1);
  });

  test.each([
    ["reset at a byte", { kind: "reset", afterBytes: 70_000 }],
    ["drop at 90 %", { kind: "drop", at: 0.9 }],
    ["stall", { kind: "stall", afterBytes: 70_000 }],
  ] as const)("begins anew after a %s, with the bytes counted", async (_, fault) => {
    const { registry, client } = await setUp({}, { idleTimeoutMs: 400 });
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault });
    let counted = 0;

    const outcome = await client.placeBlob(
      placementOf("team/app", layer, { onBytes: (bytes) => void (counted += bytes) }),
    );

    expect(outcome).toBe("sent");
    expect(registry.store.blobs.get(layer.descriptor.digest)?.equals(layer.bytes)).toBe(true);
    expect(registry.requests("POST", uploads)).toHaveLength(2);
    expect(counted).toBeGreaterThan(layer.bytes.length);
  });

  test("does not send again what arrived although the answer was lost", async () => {
    const { registry, client } = await setUp();
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault: { kind: "lost-answer" } });

    expect(await client.placeBlob(placementOf("team/app", layer))).toBe("sent");
    expect(registry.requests("PUT", uploads)).toHaveLength(1);
    expect(registry.bytesReceived()).toBe(layer.bytes.length);
  });

  test("goes on at 1 KB/s: slow is not stalled", async () => {
    const small = { descriptor: image.blobs[0]!.descriptor, bytes: image.blobs[0]!.bytes };
    const { registry, client } = await setUp({}, { idleTimeoutMs: 1500 });
    registry.inject({ method: "PUT", path: uploads, fault: { kind: "slow", bytesPerSecond: 1024 } });

    expect(await client.placeBlob(placementOf("team/app", small))).toBe("sent");
    expect(registry.requests("PUT", uploads)).toHaveLength(1);
  });

  test("begins anew when the registry has forgotten the upload", async () => {
    const { registry, client } = await setUp();
    const fault = { kind: "error", status: 404, code: "BLOB_UPLOAD_UNKNOWN" } as const;
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault });

    expect(await client.placeBlob(placementOf("team/app", layer))).toBe("sent");
  });

  test("says so when the registry stores it under another digest", async () => {
    const { registry, client } = await setUp();
    registry.inject({ method: "PUT", path: uploads, fault: { kind: "wrong-digest" } });

    const error = await failureOf(client.placeBlob(placementOf("team/app", layer)));

    expect(error.message).toContain("stored it as sha256:0000");
  });

  test("passes an error of the source on as it is, without trying again", async () => {
    const { registry, client } = await setUp();
    const broken = new Error("part 2 is damaged");

    const work = client.placeBlob(placementOf("team/app", layer, { open: () => Promise.reject(broken) }));

    await expect(work).rejects.toBe(broken);
    expect(registry.requests("POST", uploads)).toHaveLength(1);
  });

  test.each(["forbidden", "ignored"] as const)("sends the bytes when mounts are %s", async (mounts) => {
    const { registry, client } = await seeded({ mounts });

    const outcome = await client.placeBlob(placementOf("team/other", layer, { mountFrom: "team/app" }));

    expect(outcome).toBe("sent");
    // The upload that an ignored mount begins is used.
    expect(registry.requests("POST", uploads)).toHaveLength(mounts === "ignored" ? 1 : 2);
  });

  test("says that the quota is used up, once", async () => {
    const { registry, client } = await setUp({ quotas: { team: 1000 } });

    const error = await failureOf(client.placeBlob(placementOf("team/app", layer)));

    expect(error.message).toMatch(/quota of the project team is used up/);
    expect(registry.requests("PUT", uploads)).toHaveLength(1);
  });

  test("stops at once when it is interrupted", async () => {
    const { registry, client } = await setUp();
    registry.inject({ method: "PUT", path: uploads, fault: { kind: "stall", afterBytes: 1 } });
    const stop = new AbortController();
    const onBytes = (): void => void setImmediate(() => stop.abort());

    const work = client.placeBlob(placementOf("team/app", layer, { signal: stop.signal, onBytes }));

    await expect(work).rejects.toMatchObject({ code: "INTERRUPTED" });
    expect(registry.requests("POST", uploads)).toHaveLength(1);
  });
});

describe("a large blob whose upload is torn", () => {
  const bytes = syntheticBytes("large", 6_000_000);
  const large = {
    bytes,
    descriptor: { mediaType: "application/octet-stream", digest: digestOf(bytes), size: bytes.length },
  };

  test("goes on where it was, and is not sent twice", async () => {
    const { registry, client } = await setUp({ tornUploads: "resume" });
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault: { kind: "drop", at: 0.5 } });
    registry.inject({ method: "PATCH", path: uploads, nth: 1, fault: { kind: "drop", at: 0.5 } });

    expect(await client.placeBlob(placementOf("team/app", large))).toBe("sent");

    expect(registry.store.blobs.get(large.descriptor.digest)?.equals(bytes)).toBe(true);
    expect(registry.requests("POST", uploads)).toHaveLength(1);
    expect(registry.bytesReceived()).toBeLessThan(bytes.length * 1.1);
  });

  test("goes on as long as it gets on", async () => {
    const { registry, client } = await setUp({ tornUploads: "resume" });
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault: { kind: "reset", afterBytes: 2_000_000 } });
    const often = (n: number): boolean => n <= 2 * hastyRetry.attempts;
    const torn = { kind: "reset", afterBytes: 200_000 } as const;
    registry.inject({ method: "PATCH", path: uploads, nth: often, fault: torn });

    expect(await client.placeBlob(placementOf("team/app", large))).toBe("sent");
    expect(registry.requests("POST", uploads)).toHaveLength(1);
  });

  test("begins anew where the registry cancels what is asked for", async () => {
    const { registry, client } = await setUp({ tornUploads: "cancel" });
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault: { kind: "drop", at: 0.9 } });

    expect(await client.placeBlob(placementOf("team/app", large))).toBe("sent");

    expect(registry.requests("POST", uploads)).toHaveLength(2);
    expect(registry.requests("PATCH", uploads)).toHaveLength(0);
  });

  test.each([
    ["the rest is refused", { kind: "error", status: 416, code: "RANGE_INVALID" }],
    ["how far it got makes no sense", { kind: "status", status: 204, headers: { range: "0-99999999" } }],
    ["how far it got is not said", { kind: "status", status: 204 }],
  ] as const)("begins anew where %s", async (_, fault) => {
    const { registry, client } = await setUp({ tornUploads: "resume" });
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault: { kind: "drop", at: 0.9 } });
    registry.inject({ method: fault.kind === "error" ? "PATCH" : "GET", path: uploads, fault });

    expect(await client.placeBlob(placementOf("team/app", large))).toBe("sent");
    expect(registry.requests("POST", uploads)).toHaveLength(2);
  });

  test("begins anew where what was there turns out to be wrong", async () => {
    const { registry, client } = await setUp({ tornUploads: "resume" });
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault: { kind: "drop", at: 0.9 } });
    const fault = { kind: "error", status: 400, code: "DIGEST_INVALID" } as const;
    registry.inject({ method: "PUT", path: uploads, nth: 2, fault });

    expect(await client.placeBlob(placementOf("team/app", large))).toBe("sent");
    expect(registry.requests("POST", uploads)).toHaveLength(2);
  });
});

describe("the pauses", () => {
  test("are as long as Retry-After says, in seconds or as a date", async () => {
    const notices: RetryNotice[] = [];
    const { registry, client } = await setUp({}, { onRetry: (notice) => void notices.push(notice) });
    const date = new Date(Date.now() + 2000).toUTCString();
    registry.inject({ path: uploads, method: "POST", nth: 1, fault: { kind: "too-many", retryAfter: "1" } });
    registry.inject({ path: uploads, method: "PUT", nth: 1, fault: { kind: "too-many", retryAfter: date } });

    expect(await client.placeBlob(placementOf("team/app", layer))).toBe("sent");

    expect(notices.map(({ delayMs }) => Math.round(delayMs / 1000))).toEqual([
      1,
      expect.toSatisfy((s) => s >= 0 && s <= 2),
    ]);
    expect(notices[0]?.what).toBe(`blob ${layer.descriptor.digest}`);
  });

  test("are not made when the registry asks for too long a one", async () => {
    const { registry, client } = await setUp();
    const fault = registry.inject({ path: uploads, fault: { kind: "too-many", retryAfter: "3600" } });

    const error = await failureOf(client.placeBlob(placementOf("team/app", layer)));

    expect(error.message).toMatch(/limits the rate/);
    expect(fault.hits).toBe(1);
  });
});

describe("reading a blob", () => {
  test.each([
    ["a reset", { kind: "reset", afterBytes: 100_000 }],
    ["a drop at 90 %", { kind: "drop", at: 0.9 }],
    ["a stall", { kind: "stall", afterBytes: 100_000 }],
    ["a 500", { kind: "status", status: 500 }],
    ["a lie about more bytes", { kind: "stall", afterBytes: 399_999 }],
  ] as const)("goes on after %s where it was", async (_, fault) => {
    const { registry, client } = await seeded({}, { idleTimeoutMs: 300 });
    registry.inject({ method: "GET", path: blobs, nth: 1, fault });

    const bytes = await collect(await client.openBlob("team/app", layer.descriptor));

    expect(bytes.equals(layer.bytes)).toBe(true);
    expect(registry.requests("GET", blobs)).toHaveLength(2);
  });

  test("goes on where it was although the registry ignores ranges", async () => {
    const { registry, client } = await seeded({ ignoreRanges: true });
    registry.inject({ method: "GET", path: blobs, nth: 1, fault: { kind: "drop", at: 0.5 } });

    const bytes = await collect(await client.openBlob("team/app", layer.descriptor));

    expect(bytes.equals(layer.bytes)).toBe(true);
  });

  test("goes on at 1 KB/s: slow is not stalled", async () => {
    const { registry, client } = await seeded({}, { idleTimeoutMs: 400 });
    registry.inject({ method: "GET", path: blobs, fault: { kind: "slow", bytesPerSecond: 1024 } });

    const range = { start: 0, end: 1200 };
    const bytes = await collect(await client.openBlob("team/app", layer.descriptor, range));

    expect(bytes).toHaveLength(1200);
    expect(registry.requests("GET", blobs)).toHaveLength(1);
  });

  test("gives up after so many breaks without getting on", async () => {
    const { registry, client } = await seeded();
    const fault = registry.inject({ method: "GET", path: blobs, fault: { kind: "reset", afterBytes: 10 } });

    const error = await failureOf(client.openBlob("team/app", layer.descriptor).then(collect));

    expect(error.message).toContain(`blob ${layer.descriptor.digest} of team/app`);
    expect(error.message).toMatch(/connection broke/);
    expect(fault.hits).toBeLessThanOrEqual(hastyRetry.attempts + 1);
  });

  test.each([
    ["gives a range", false],
    ["gives a range although the registry ignores ranges", true],
  ])("%s", async (_, ignoreRanges) => {
    const { client } = await seeded({ ignoreRanges });

    const part = await collect(await client.openBlob("team/app", layer.descriptor, { start: 1000, end: 5000 }));

    expect(part.equals(layer.bytes.subarray(1000, 5000))).toBe(true);
  });

  test("refuses another length than the descriptor's", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "GET", path: blobs, fault: { kind: "wrong-length", by: -10 } });

    const error = await failureOf(client.openBlob("team/app", layer.descriptor));

    expect(error.message).toContain(`it has 399990 bytes there, and should have 400000`);
  });

  test("refuses a web page", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "GET", path: blobs, fault: { kind: "html" } });

    expect((await failureOf(client.openBlob("team/app", layer.descriptor))).message).toMatch(/web page/);
  });

  test("hands out wrong bytes of the right length to a reader who checks them", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "GET", path: blobs, fault: { kind: "wrong-bytes" } });
    const body = await client.openBlob("team/app", layer.descriptor);
    const check = verifyContent(layer.descriptor, (problem) => new RegistryError(`the layer ${problem}`));

    const work = pipeline(body, check, new Writable({ write: (_chunk, _encoding, done) => done() }));

    await expect(work).rejects.toThrow(/the layer has the digest sha256:/);
  });

  test("lets go of the connection when the reader stops", async () => {
    const { registry, client } = await seeded({}, { connections: 1 });
    registry.inject({ method: "GET", path: blobs, nth: 1, fault: { kind: "slow", bytesPerSecond: 1000 } });
    const body = await client.openBlob("team/app", layer.descriptor);

    body.destroy();

    expect(await client.tags("team/app")).toEqual(["1.0"]);
  });

  test("says that it is not there", async () => {
    const { client } = await setUp();

    const error = await failureOf(client.openBlob("team/app", layer.descriptor));

    expect(error.message).toContain(`blob ${layer.descriptor.digest} of team/app`);
  });
});

describe("manifests", () => {
  test("are compared with the digest that was asked for and the one that is claimed", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "GET", path: /manifests/, nth: 1, fault: { kind: "wrong-bytes" } });
    registry.inject({ method: "GET", path: /manifests/, nth: 2, fault: { kind: "wrong-digest" } });

    const bytes = await failureOf(client.getManifest("team/app", root.descriptor.digest));
    const claim = await failureOf(client.getManifest("team/app", "1.0"));

    expect(bytes.message).toMatch(new RegExp(`manifest ${root.descriptor.digest} .*answers with sha256:`));
    expect(claim.message).toMatch(/tag 1\.0 .*calls it sha256:0000/);
  });

  test("are compared by HEAD too", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "HEAD", path: /manifests/, fault: { kind: "wrong-digest" } });

    const error = await failureOf(client.headManifest("team/app", root.descriptor.digest));

    expect(error.message).toMatch(/answers with sha256:0000/);
  });

  test("stored under another digest are refused", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "PUT", path: /manifests/, fault: { kind: "wrong-digest" } });

    const error = await failureOf(client.putManifest("team/app", "2.0", root));

    expect(error.message).toMatch(/tag 2\.0 .*stored it as sha256:0000/);
  });

  test.each(["HEAD", "GET"] as const)("that are a web page are refused (%s)", async (method) => {
    const { registry, client } = await seeded();
    registry.inject({ method, path: /manifests/, fault: { kind: "html" } });

    const work = method === "HEAD" ? client.headManifest("team/app", "1.0") : client.getManifest("team/app", "1.0");

    expect((await failureOf(work)).message).toMatch(/web page/);
  });

  test("that are too long are refused before they are read", async () => {
    const { registry, client } = await setUp();
    const body = "x".repeat(4 * 1024 * 1024 + 1);
    registry.inject({ path: /manifests/, fault: { kind: "status", status: 200, body } });

    expect((await failureOf(client.getManifest("team/app", "1.0"))).message).toMatch(/longer than/);
  });

  test("are read where HEAD does not say the digest", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "HEAD", fault: { kind: "status", status: 200 } });

    expect(await client.headManifest("team/app", "1.0")).toEqual({
      mediaType: root.descriptor.mediaType,
      digest: root.descriptor.digest,
      size: root.descriptor.size,
    });
  });

  test("under an immutable tag are said to be that", async () => {
    const { registry, client } = await seeded({ immutableTags: true });
    const other = syntheticImage("other", []);
    seedImage(registry.store, "team/app", other);

    const error = await failureOf(client.putManifest("team/app", "1.0", other.manifests[0]!));

    expect(error.message).toMatch(/tag 1\.0 of team\/app .*immutable/);
    expect(error.hint).toBeTruthy();
  });

  test("survive resets and 500s on the way", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "PUT", path: /manifests/, nth: 1, fault: { kind: "lost-answer" } });
    registry.inject({ method: "PUT", path: /manifests/, nth: 2, fault: { kind: "status", status: 503 } });

    await client.putManifest("team/app", "2.0", root);

    expect(registry.store.tagsOf.get("team/app")?.get("2.0")).toBe(root.descriptor.digest);
  });

  test("that nobody has are undefined", async () => {
    const { client } = await setUp();

    expect(await client.headManifest("team/app", "1.0")).toBeUndefined();
    expect(await client.getManifest("team/app", "1.0")).toBeUndefined();
    expect(await client.tags("team/app")).toEqual([]);
  });
});

describe("redirects", () => {
  test("are followed to another host without what signs us in", async () => {
    const storage = await seeded();
    const { registry, client } = await seeded(
      { auth: { kind: "basic", users: { ann: "secret" } } },
      { credentials: { find: () => Promise.resolve({ kind: "password", username: "ann", password: "secret" }) } },
    );
    const to = `${storage.registry.url}/v2/team/app/blobs/${layer.descriptor.digest}`;
    registry.inject({ method: "GET", path: blobs, nth: 2, fault: { kind: "redirect", to } });

    const bytes = await collect(await client.openBlob("team/app", layer.descriptor));

    expect(bytes.equals(layer.bytes)).toBe(true);
    expect(registry.log.at(-1)?.authorization).toBe("Basic");
    expect(storage.registry.log.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test("in a circle end", async () => {
    const { registry, client } = await seeded();
    const to = `/v2/team/app/blobs/${layer.descriptor.digest}`;
    const fault = registry.inject({ method: "GET", path: blobs, fault: { kind: "redirect", to } });

    const error = await failureOf(client.openBlob("team/app", layer.descriptor));

    expect(error.message).toMatch(/^blob sha256:.* of team\/app on .*: .* redirects more than 5 times/);
    expect(fault.hits).toBe(6);
  });

  test("to something that is no web address are refused", async () => {
    const { registry, client } = await seeded();
    registry.inject({ method: "GET", path: blobs, fault: { kind: "redirect", to: "file:///etc/passwd" } });

    expect((await failureOf(client.openBlob("team/app", layer.descriptor))).message).toMatch(/no address/);
  });
});
