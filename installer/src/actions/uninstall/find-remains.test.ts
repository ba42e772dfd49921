import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Docker } from "../../platform/ports.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import { findRemains } from "./find-remains.ts";

let stateDir: string;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), "slipway-remains-"));
});

afterEach(() => rmSync(stateDir, { recursive: true, force: true }));

function look(engine: Partial<Record<"containers" | "containersLabelled" | "networks" | "volumes", unknown>> = {}) {
  const answer = (name: keyof typeof engine) => () => Promise.resolve(engine[name] ?? []);
  const docker = {
    containers: answer("containers"),
    containersLabelled: answer("containersLabelled"),
    networks: answer("networks"),
    volumes: answer("volumes"),
  } as unknown as Docker;
  return findRemains({ name: "lab", stateDir }, { docker, fs: createFileSystem() });
}

it("counts what goes by the name, each container once", async () => {
  const engine = { containers: [{ id: "a" }], containersLabelled: [{ id: "a" }, { id: "b" }], volumes: [{}] };

  expect(await look(engine)).toMatchObject({ containers: 2, networks: 0, volumes: 1 });
});

it("knows the records of an install, also those of one that was killed early", async () => {
  mkdirSync(join(stateDir, "logs"));
  const early = await look();
  writeFileSync(join(stateDir, "format"), "1\n");
  writeFileSync(join(stateDir, "values.yaml"), "{}\n");

  expect([early.state, (await look()).state]).toEqual([true, true]);
});

it("takes nobody else's directory for records", async () => {
  writeFileSync(join(stateDir, "values.yaml"), "mine: true\n");
  const own = await look();
  rmSync(stateDir, { recursive: true });

  expect([own.state, (await look()).state]).toEqual([false, false]);
});
