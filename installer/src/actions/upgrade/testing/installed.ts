import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import {
  fixturePorts,
  type FixtureRequest,
  installFixture,
  upgradeFixture,
} from "../../../../test/support/fixture-install.ts";
import { createMemoryTarget } from "../../../../test/support/memory-target.ts";
import type { ActionPorts } from "../../context.ts";

/** The folder of the running test. */
export let folder: string;

/** Each test of the file has an empty folder of its own. */
export function inFreshFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "slipway-test-upgrade-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });
}

export const before = { version: "0.1.0", form: 1, greeting: "hello" } as const;
export const after = { version: "0.2.0", form: 2, greeting: "good evening" } as const;

/** A platform of 0.1.0. */
export async function installed() {
  const world = createMemoryTarget();
  const ports: ActionPorts = { ...fixturePorts(), target: world.target };
  const place = { name: "p", stateDir: join(folder, "state") };
  await installFixture({ ...place, ...before, request: { skipVerify: true } }, ports);
  const records = readRecords(place.stateDir);
  const up = (more: Partial<FixtureRequest> = {}, given = ports) =>
    upgradeFixture({ ...place, ...after, ...more }, given);
  return { world, ports, place, records, up };
}

/** What says what is installed: all records but those of what was done. */
export function readRecords(stateDir: string): Readonly<Record<string, string>> {
  const names = ["format", "identity.json", "applied.json", "plan.json", "values.yaml", "lock.yaml"];
  const secrets = readdirSync(join(stateDir, "secrets")).map((name) => join("secrets", name));
  return Object.fromEntries(
    [...names, ...secrets].flatMap((name) => {
      const path = join(stateDir, name);
      return existsSync(path) ? [[name, readFileSync(path, "utf8")]] : [];
    }),
  );
}

/** Stops at a point as a run does that is killed there. */
export function failAt(point: string): ActionPorts["failpoint"] {
  return (name) => {
    if (name === point) throw new Error("stopped");
    return Promise.resolve();
  };
}
