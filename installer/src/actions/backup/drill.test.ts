import { expect, it } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryTarget } from "../../../test/support/memory-target.ts";
import { requireDrillable } from "./drill.ts";

const { target } = createMemoryTarget();

it("goes from what is kept in a directory", () => {
  const plan = infraPlan(["backup.mode=embedded", "backup.directory=/mnt/backup"]);

  expect(() => requireDrillable(plan, { target })).not.toThrow();
});

it.each([
  [
    "of what is kept in a claim",
    { claim: "backups" },
    true,
    "a drill brings a second platform up in a namespace of its own, where the claim backups cannot be mounted",
  ],
  [
    "where a second platform is not kept apart",
    { directory: "/mnt/backup" },
    false,
    "this target cannot keep a second platform apart from everything, as a drill needs it",
  ],
])("refuses one %s, and says what proves a backup instead", async (_, place, isolates, message) => {
  const settings = Object.entries(place).map(([key, value]) => `backup.${key}=${value}`);
  const plan = infraPlan(["backup.mode=embedded", ...settings]);

  const error = await errorOf(async () => {
    await Promise.resolve();
    requireDrillable(plan, { target: { ...target, isolates } });
  });

  expect(error).toMatchObject({
    code: "PREFLIGHT_FAILED",
    message,
    hint: expect.stringContaining("slipway backup verify --prove latest") as string,
  });
});
