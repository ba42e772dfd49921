import { expect, test } from "vitest";
import { createMemoryFileSystem, createStillClock } from "../../test/support/memory-ports.ts";
import type { InstallerEvent } from "../events/event.ts";
import { openRunLog } from "./run-log.ts";

test("holds every event of the run without its secrets, those before they were known included", async () => {
  const fs = createMemoryFileSystem();
  const shown: InstallerEvent[] = [];
  const log = openRunLog({ fs, clock: createStillClock(), report: (event) => shown.push(event) }, "/logs", "run-1");
  log.report({ type: "note", message: "early: s3cret-value" });
  log.report({ type: "debug", message: "only in the log" });
  log.knowSecrets(new Map([["db", "s3cret-value"]]));
  log.report({ type: "warning", message: "late: s3cret-value" });
  await log.close();
  const lines = (await fs.readText(log.path))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { message: string });

  expect(lines.map(({ message }) => message)).toEqual(["early: [secret db]", "only in the log", "late: [secret db]"]);
  expect(shown.map(({ type }) => type)).toEqual(["note", "warning"]);
});

test("keeps the logs of the last twenty runs", async () => {
  const old = Object.fromEntries(
    Array.from({ length: 25 }, (_, index) => [`/logs/2025-${String(index).padStart(2, "0")}.log`, ""]),
  );
  const fs = createMemoryFileSystem(old);
  const log = openRunLog({ fs, clock: createStillClock(), report: () => undefined }, "/logs", "run-1");
  log.report({ type: "note", message: "one" });
  await log.close();
  const left = await fs.list("/logs");

  expect(left).toHaveLength(20);
  expect(left.at(-1)).toMatch(/^2026-/);
});
