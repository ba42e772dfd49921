import { expect, test } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryFileSystem, createStillClock } from "../../../test/support/memory-ports.ts";
import { stateLayout } from "../../execute/state/layout.ts";
import { nothingApplied } from "../../execute/state/records.ts";
import type { Docker, OneShot } from "../../platform/ports.ts";
import { storesOf } from "../../render/rendering.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { keepStores, measureStores } from "./keeper.ts";

const plan = infraPlan([]);
const stores = storesOf(plan).filter(({ component }) => ["postgres", "nats"].includes(component));
const data = { plan, stores };
const install = {
  name: "slipway",
  stateDir: "/state",
  layout: stateLayout("/state"),
  identity: { uuid: "u", name: "slipway", createdAt: "", digestKey: "", target: { kind: "compose" } },
  applied: nothingApplied,
  plan,
  pendingPlan: undefined,
};
const io = { report: () => undefined, signal: new AbortController().signal, redact: (line: string) => line };

function portsWith(runOnce: (request: OneShot) => Awaited<ReturnType<Docker["runOnce"]>>, withImages = true) {
  const made: string[] = [];
  const docker: Partial<Docker> = {
    volumes: () => Promise.resolve([]),
    containersLabelled: () => Promise.resolve([]),
    createVolume: (name) => Promise.resolve(void made.push(name)),
    imageIds: (references) => Promise.resolve(new Map(withImages ? references.map((name) => [name, "there"]) : [])),
    runOnce: (request) => Promise.resolve(runOnce(request)),
  };
  const ports = { docker, fs: createMemoryFileSystem(), clock: createStillClock(), host: { isRoot: () => true } };
  return { ports: ports as unknown as ComposePorts, made };
}

test("what is measured are the sum of the data, and the room where there is least", async () => {
  const answers = [
    ["100", "5000"],
    ["warning: a line of du", "23", "4000"],
  ];
  const { ports } = portsWith(() => ({ exitCode: 0, output: answers.shift() ?? [] }));

  expect(await measureStores(install, data, ports)).toEqual({ bytes: 123, freeBytes: 4000 });
});

test("what cannot be measured is named", async () => {
  const { ports } = portsWith(() => ({ exitCode: 0, output: ["nothing"] }));

  await expect(measureStores(install, data, ports)).rejects.toMatchObject({
    message: expect.stringMatching(/^how large slipway_.* is cannot be measured$/) as string,
  });
});

test("a copy bears no name by which it could be taken for the volume, and is only read where it comes from", async () => {
  const asked: OneShot[] = [];
  const { ports, made } = portsWith((request) => {
    asked.push(request);
    return { exitCode: 0, output: [] };
  });

  await keepStores(install, data, io, ports);

  expect(made).toEqual(stores.map(({ component, volume }) => `slipway_${component}-${volume}.kept`));
  expect(asked.map(({ binds = [] }) => binds[0])).toEqual([
    ...stores.map(({ component, volume }) => `slipway_${component}-${volume}:/from:ro`),
    "/state/live:/from:ro",
  ]);
});

test("a store that cannot be copied is named with what to do", async () => {
  const { ports } = portsWith(() => ({ exitCode: 1, output: ["cp: No space left on device"] }));

  await expect(keepStores(install, data, io, ports)).rejects.toMatchObject({
    code: "APPLY_FAILED",
    message: expect.stringMatching(/^could not copy slipway_/) as string,
    details: ["cp: No space left on device"],
    hint: "see that there is room on the disk, then run the same command again",
  });
});

test("without any image of the platform nothing can be copied", async () => {
  const { ports } = portsWith(() => ({ exitCode: 0, output: [] }), false);

  await expect(keepStores(install, data, io, ports)).rejects.toMatchObject({
    message: "the engine has no image of the platform to copy its data with",
  });
});
