import { expect, test } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import type { Applied } from "../state/state-store.ts";
import { bringUpJobs, heldBack } from "./bring-up.ts";

const plan = infraPlan();

function applied(...undone: readonly string[]): Applied {
  const done = bringUpJobs(plan).filter(({ id }) => !undone.includes(id));
  const jobs = Object.fromEntries(done.map(({ id }) => [id, { inputsHash: "of an older version", at: "" }]));
  return {
    release: 1,
    units: [],
    jobUnits: [],
    volumeUnits: [],
    services: {},
    initialised: {},
    files: {},
    secrets: {},
    jobs,
  };
}

test("a job that is only repeated for a new version holds nothing back", () => {
  expect(heldBack(plan, applied())).toEqual([]);
});

test("the gateway is held back while the login service is not closed to strangers", () => {
  expect(heldBack(plan, applied("casdoor-bootstrap"))).toContain("gateway");
});

test("dependents are held back before what they depend on", () => {
  const held = heldBack(plan, applied(...bringUpJobs(plan).map(({ id }) => id)));

  expect(held.indexOf("gateway")).toBeLessThan(held.indexOf("casdoor"));
  expect(held).toContain("casdoor");
});
