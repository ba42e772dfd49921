import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixturePorts } from "../support/fixture-install.ts";
import { fixtureProbe } from "../support/fixture-plan.ts";
import { createMemoryTarget } from "../support/memory-target.ts";
import { describeTarget, talkingProgram } from "./target-conformance.ts";

describeTarget("memory", () => {
  const folder = mkdtempSync(join(tmpdir(), "slipway-test-memory-"));
  const world = createMemoryTarget();
  const { target } = world;
  return Promise.resolve({
    ports: { ...fixturePorts(), target, images: target.images },
    place: { name: "slipway-test", stateDir: join(folder, "state") },
    behave: ({ jobFails, appFails, greeting = "hello" }) => {
      world.behaviours.set("prepare", jobFails === true ? { status: 3 } : {});
      world.behaviours.set(`prepare ${fixtureProbe.join(" ")}`, { status: 4, lines: ["probed"] });
      world.behaviours.set(`app ${talkingProgram.join(" ")}`, { status: 3, lines: ["one", "two"] });
      world.behaviours.set("app", { lines: [`app says ${greeting}`], ...(appFails === true && { status: 7 }) });
    },
    loseService: (component) => Promise.resolve(void world.services.delete(component)),
    emptyStore: (store) => {
      const held = world.stores.get(store);
      if (held !== undefined) held.contents = "empty";
      return Promise.resolve();
    },
    readNotices: (component) =>
      Promise.resolve(Object.fromEntries(world.notices.findLast(([of]) => of === component)?.[1] ?? [])),
    addStranger: () => {
      world.strangers.push("stray");
      return Promise.resolve("stray");
    },
    dispose: () => {
      rmSync(folder, { recursive: true, force: true });
      return Promise.resolve();
    },
  });
});
