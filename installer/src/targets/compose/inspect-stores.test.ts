import { expect, test } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import type { Docker, OneShot } from "../../platform/ports.ts";
import { nameLabel } from "../../render/compose/labels.ts";
import { storesOf } from "../../render/rendering.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { inspectStores } from "./inspect-stores.ts";

test("root, too, looks through a container where the engine's places are not on this host", async () => {
  const plan = infraPlan([]);
  const stores = storesOf(plan).filter(({ component }) => component === "postgres");
  const asked: OneShot[] = [];
  const volume = { name: "slipway_postgres-data", labels: { [nameLabel]: "slipway" }, mountpoint: "/in/the/machine" };
  const docker: Partial<Docker> = {
    volumes: () => Promise.resolve([volume]),
    imageIds: (references) => Promise.resolve(new Map(references.map((name) => [name, "there"]))),
    runOnce: (request) => {
      asked.push(request);
      return Promise.resolve({ exitCode: 0, output: [] });
    },
  };
  const install = {
    name: "slipway",
    stateDir: "/state",
    layout: stateLayout("/state"),
    identity: undefined,
    applied: nothingApplied,
    plan: undefined,
    pendingPlan: undefined,
  };
  const ports = { docker, fs: createMemoryFileSystem(), host: { isRoot: () => true } } as unknown as ComposePorts;

  const seen = await inspectStores(install, plan, stores, ports);

  expect([...seen.values()]).toEqual([{ place: "slipway_postgres-data", contents: "data" }]);
  expect(asked.map(({ binds }) => binds)).toEqual([["slipway_postgres-data:/volume:ro"]]);
});
