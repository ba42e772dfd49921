import { expect, test } from "vitest";
import { infraPlan } from "../../test/support/infra-plan.ts";
import { renderCompose } from "../render/compose/render-compose.ts";
import { completeWanted } from "./wanted.ts";

const infra = infraPlan();

/** The units of infra when every secret is this. */
const unitsWith = (secret: string) =>
  completeWanted({ plan: infra, rendering: renderCompose(infra) }, { read: () => secret }, "00").units;

test("a replaced secret is reason to repeat a job that hands it on, and none for one that only signs in with it", () => {
  const [before, after] = [unitsWith("one"), unitsWith("another")];
  const isRepeated = (id: string): boolean => before.get(id)?.inputs !== after.get(id)?.inputs;

  expect(isRepeated("postgres-databases")).toBe(true);
  expect(isRepeated("temporal-schema")).toBe(false);
  // What it reads is another file all the same.
  expect(before.get("temporal-schema")?.filesDigest).not.toBe(after.get("temporal-schema")?.filesDigest);
});

test("whatever else changes of a job that only signs in is reason to repeat it", () => {
  const plan = {
    ...infra,
    jobs: infra.jobs.map((job) =>
      job.id === "temporal-schema" ? { ...job, container: { ...job.container, files: [] } } : job,
    ),
  };
  const changed = completeWanted({ plan, rendering: renderCompose(plan) }, { read: () => "one" }, "00").units;

  expect(changed.get("temporal-schema")?.inputs).not.toBe(unitsWith("one").get("temporal-schema")?.inputs);
});
