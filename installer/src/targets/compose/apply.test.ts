import { expect, test } from "vitest";
import { fixturePlan } from "../../../test/support/fixture-plan.ts";
import { createMemoryFileSystem } from "../../../test/support/memory-ports.ts";
import { CommandError } from "../../errors/installer-error.ts";
import type { Change, TargetIo } from "../target.ts";
import { applyChange } from "./apply.ts";
import type { ComposePorts } from "./compose-ports.ts";
import { rules } from "./rules.ts";

test("where no image can be built, that is what a user who needs one to give files away is told", async () => {
  const plan = fixturePlan({ name: "p" });
  const fs = createMemoryFileSystem();
  const docker = { containersLabelled: () => Promise.resolve([]), imageIds: () => Promise.resolve(new Map()) };
  const ports = { fs, docker, host: { isRoot: () => false } } as unknown as ComposePorts;
  const broken = new CommandError("the toolbox cannot be built");
  const change = {
    install: { name: "p" },
    wanted: { plan, rendering: await rules.render(plan) },
    journal: { run: "run" },
    imageReady: () => Promise.reject(broken),
  } as unknown as Change;

  await expect(applyChange(change, {} as TargetIo, ports)).rejects.toBe(broken);
  expect(fs.operations).toEqual([]);
});
