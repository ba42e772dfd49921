import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect } from "vitest";
import { parsePrinted, schemaProblems } from "../../../../test/support/json-schemas.ts";
import type { Engine } from "../../../engine/engine.ts";
import { runCli } from "../../run-cli.ts";
import { type RunSetup, type TestRun, prepareRun } from "../../testing/prepare-run.ts";

/** The folder of the running test. */
export let folder: string;

/** Runs a command line against a made-up engine. */
export async function cli(
  line: string,
  engine: Partial<Engine>,
  setup: RunSetup = {},
): Promise<TestRun & { status: number }> {
  const run = prepareRun(folder, { engine, ...setup });
  const words = line.split(" ");
  const status = await runCli(words, run.context);
  // Whatever a test is about: what is printed for programs is what docs/json promises.
  if (words.includes("--json")) expect(parsePrinted(run.stdout()).flatMap(schemaProblems)).toEqual([]);
  return { ...run, status };
}

/** Of every result. */
export const apiVersion = "slipway/v1" as const;

/** Each test of the file has an empty folder of its own. */
export function inFreshFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-commands-"));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));
}
