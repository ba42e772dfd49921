import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Docker } from "../../platform/ports.ts";
import { createFileSystem } from "../../platform/file-system.ts";
import type { ComposePorts } from "../../targets/compose/compose-ports.ts";
import { createComposeTarget } from "../../targets/compose/compose-target.ts";
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
  const fs = createFileSystem();
  const target = createComposeTarget({ docker, fs } as ComposePorts);
  return findRemains({ name: "lab", stateDir }, { target, fs });
}

it("counts what goes by the name, each container once", async () => {
  const labels = { "dev.slipway.name": "lab" };
  const [a, b] = [
    { id: "a", labels },
    { id: "b", labels },
  ];
  const engine = { containers: [a], containersLabelled: [a, b], volumes: [{ name: "lab_db-data", labels }] };

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
