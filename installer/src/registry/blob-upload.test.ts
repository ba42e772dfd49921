import { describe, expect, test } from "vitest";
import { hastyRetry, placementOf } from "../../test/stand-ins/registry/connect.ts";
import { syntheticBytes } from "../../test/stand-ins/registry/synthetic-image.ts";
import { digestOf } from "../oci/digest.ts";
import type { RetryNotice } from "./retry.ts";
import { image, layer, setUp, seeded, failureOf, closeRegistries } from "./testing/faulty-registry.ts";

closeRegistries();

const uploads = /\/blobs\/uploads\//;

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
  ] as const)("starts again after a %s, with the bytes counted", async (_, fault) => {
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

  test("starts again when the registry has forgotten the upload", async () => {
    const { registry, client } = await setUp();
    const fault = { kind: "error", status: 404, code: "BLOB_UPLOAD_UNKNOWN" } as const;
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault });

    expect(await client.placeBlob(placementOf("team/app", layer))).toBe("sent");
  });

  test.each(["BLOB_UPLOAD_UNKNOWN", "BLOB_UPLOAD_INVALID"])(
    "says what must be set right where the registry forgets each upload (%s)",
    async (code) => {
      const { registry, client } = await setUp();
      registry.inject({ method: "PUT", path: uploads, fault: { kind: "error", status: 404, code } });

      const error = await failureOf(client.placeBlob(placementOf("team/app", layer)));

      expect(error.message).toMatch(
        /^blob sha256:.* of team\/app .*: the registry does not know the upload that it began/,
      );
      expect(error.hint).toMatch(/proxy .*\(Location\).*http\.secret/);
      expect(error.hint).not.toMatch(/check the path/);
      expect(registry.requests("POST", uploads)).toHaveLength(3);
    },
  );

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

  test.each(["forbidden", "unknown", "ignored"] as const)("sends the bytes when mounts are %s", async (mounts) => {
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

  test("starts again where the registry cancels what is asked for", async () => {
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
  ] as const)("starts again where %s", async (_, fault) => {
    const { registry, client } = await setUp({ tornUploads: "resume" });
    registry.inject({ method: "PUT", path: uploads, nth: 1, fault: { kind: "drop", at: 0.9 } });
    registry.inject({ method: fault.kind === "error" ? "PATCH" : "GET", path: uploads, fault });

    expect(await client.placeBlob(placementOf("team/app", large))).toBe("sent");
    expect(registry.requests("POST", uploads)).toHaveLength(2);
  });

  test("starts again where what was there turns out to be wrong", async () => {
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
