import { describe, expect, test } from "vitest";
import { createSeededRandom, createStillClock } from "../../test/support/memory-ports.ts";
import { InterruptedError, RegistryError } from "../errors/installer-error.ts";
import { TransportError } from "../platform/transport-error.ts";
import { Refusal } from "./refusal.ts";
import { createRetrier, defaultRetryPolicy, retryAfterMs, type RetryNotice } from "./retry.ts";

const { signal } = new AbortController();

function failing(error: Error, seed = "seed") {
  const notices: RetryNotice[] = [];
  const clock = createStillClock();
  const ports = { clock, random: createSeededRandom(seed) };
  const retrier = createRetrier(ports, defaultRetryPolicy, (notice) => notices.push(notice));
  let tries = 0;
  const work = retrier.run("blob x", signal, () => {
    tries += 1;
    return Promise.reject(error);
  });
  return { notices, work, tries: () => tries };
}

const answered = (status: number, headers: Record<string, string> = {}): Refusal =>
  new Refusal({ status, headers }, "");

describe("tries", () => {
  test("grow apart, differ, and end", async () => {
    const first = failing(answered(503));
    const second = failing(answered(503), "another");

    await expect(first.work).rejects.toBeInstanceOf(Refusal);
    await expect(second.work).rejects.toBeInstanceOf(Refusal);

    const delays = first.notices.map(({ delayMs }) => delayMs);
    expect(first.tries()).toBe(defaultRetryPolicy.attempts);
    for (const [index, delay] of delays.entries()) {
      const ceiling = defaultRetryPolicy.firstDelayMs * 2 ** index;
      expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
      expect(delay).toBeLessThanOrEqual(ceiling);
    }
    expect(second.notices.map(({ delayMs }) => delayMs)).not.toEqual(delays);
  });

  test.each([
    [new TransportError("reset", "x"), 6],
    [new TransportError("stalled", "x"), 6],
    [new TransportError("refused", "x"), 4],
    [new TransportError("dns", "x", { code: "EAI_AGAIN" }), 6],
    [new TransportError("dns", "x", { code: "ENOTFOUND" }), 1],
    [new TransportError("tls", "x"), 1],
    [new TransportError("proxy", "x"), 1],
    [new TransportError("proxy", "x", { code: "407" }), 1],
    [new TransportError("proxy", "x", { code: "403" }), 1],
    [new TransportError("proxy", "x", { code: "ECONNREFUSED" }), 4],
    [new TransportError("proxy", "x", { code: "503" }), 4],
    [new TransportError("blocked", "x"), 1],
    [answered(400), 1],
    [answered(403), 1],
    [answered(404), 1],
    [answered(408), 6],
    [answered(429), 6],
    [answered(429, { "retry-after": "1" }), 12],
    [answered(500), 6],
    [answered(501), 1],
    [answered(507), 1],
    [new RegistryError("x"), 1],
    [new InterruptedError("x"), 1],
    [new Error("of a source"), 1],
  ])("of %s are %i", async (error, expected) => {
    const { work, tries } = failing(error);

    await expect(work).rejects.toBe(error);
    expect(tries()).toBe(expected);
  });

  test("wait as long as the registry asks, up to a limit", async () => {
    const patient = failing(answered(429, { "retry-after": "120" }));
    const hopeless = failing(answered(429, { "retry-after": "301" }));

    await expect(patient.work).rejects.toBeInstanceOf(Refusal);
    await expect(hopeless.work).rejects.toBeInstanceOf(Refusal);

    expect(patient.notices.map(({ delayMs }) => delayMs)).toEqual([120_000, 120_000, 120_000, 120_000, 120_000]);
    expect(hopeless.notices).toEqual([]);
  });
});

test("Retry-After is read in both forms", () => {
  const now = new Date("2026-01-01T00:00:00Z");

  expect(retryAfterMs("7", now)).toBe(7000);
  expect(retryAfterMs("Thu, 01 Jan 2026 00:00:30 GMT", now)).toBe(30_000);
  expect(retryAfterMs("Wed, 31 Dec 2025 00:00:30 GMT", now)).toBe(0);
  expect(retryAfterMs("soon", now)).toBeUndefined();
  expect(retryAfterMs("-5x", now)).toBeUndefined();
  expect(retryAfterMs(undefined, now)).toBeUndefined();
});
