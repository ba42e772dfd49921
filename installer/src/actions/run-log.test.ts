import { describe, expect, test } from "vitest";
import { createMemoryFileSystem, createStillClock, type MemoryFileSystem } from "../../test/support/memory-ports.ts";
import type { InstallerEvent } from "../events/event.ts";
import { openRunLog, type RunLog, type RunLogRequest } from "./run-log.ts";

function request(readSecrets: RunLogRequest["readSecrets"] = () => Promise.resolve(new Map())): RunLogRequest {
  return { folder: "/logs", run: "run-1", readSecrets };
}

async function messagesIn(fs: MemoryFileSystem, log: RunLog): Promise<readonly string[]> {
  const lines = (await fs.readText(log.path)).trim().split("\n");
  return lines.map((line) => (JSON.parse(line) as { readonly message: string }).message);
}

test("holds every event of the run without its secrets, those before they were known included", async () => {
  const fs = createMemoryFileSystem();
  const shown: InstallerEvent[] = [];
  const log = openRunLog({ fs, clock: createStillClock(), report: (event) => shown.push(event) }, request());
  log.report({ type: "note", message: "early: s3cret-value" });
  log.report({ type: "debug", message: "only in the log" });
  log.knowSecrets(new Map([["db", "s3cret-value"]]));
  log.report({ type: "warning", message: "late: s3cret-value" });
  await log.close();

  expect(await messagesIn(fs, log)).toEqual(["early: [secret db]", "only in the log", "late: [secret db]"]);
  expect(shown.map(({ type }) => type)).toEqual(["note", "warning"]);
});

describe("a run that fails before its secrets are known", () => {
  test("has its events in the log without the secrets that are there already", async () => {
    const fs = createMemoryFileSystem();
    const readSecrets = () => Promise.resolve(new Map([["db", "s3cret-value"]]));
    const log = openRunLog({ fs, clock: createStillClock(), report: () => undefined }, request(readSecrets));
    log.report({ type: "debug", message: "the run failed: s3cret-value" });

    await log.close();

    expect(await messagesIn(fs, log)).toEqual(["the run failed: [secret db]"]);
  });

  test("leaves its events out when the secrets cannot be read", async () => {
    const fs = createMemoryFileSystem();
    const readSecrets = () => Promise.reject(new Error("permission denied"));
    const log = openRunLog({ fs, clock: createStillClock(), report: () => undefined }, request(readSecrets));
    log.report({ type: "debug", message: "the run failed: s3cret-value" });

    await log.close();

    expect(await messagesIn(fs, log)).toEqual(["1 events are left out: the secrets they may hold could not be read"]);
  });
});

test("keeps the logs of the last twenty runs", async () => {
  const old = Object.fromEntries(
    Array.from({ length: 25 }, (_, index) => [`/logs/2025-${String(index).padStart(2, "0")}.log`, ""]),
  );
  const fs = createMemoryFileSystem(old);
  const log = openRunLog({ fs, clock: createStillClock(), report: () => undefined }, request());
  log.report({ type: "note", message: "one" });
  await log.close();
  const left = await fs.list("/logs");

  expect(left).toHaveLength(20);
  expect(left.at(-1)).toMatch(/^2026-/);
});
