import { pipeline } from "node:stream/promises";
import { Writable } from "node:stream";
import { describe, expect, test } from "vitest";
import { collect, hastyRetry } from "../../test/stand-ins/registry/connect.ts";
import { RegistryError } from "../errors/installer-error.ts";
import { verifyContent } from "../oci/digest.ts";
import { layer, blobs, setUp, seeded, failureOf, closeRegistries } from "./testing/faulty-registry.ts";

closeRegistries();

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
