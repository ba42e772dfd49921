import { expect, test } from "vitest";
import { infraPlan } from "../../test/support/infra-plan.ts";
import type { Applied } from "./state/records.ts";
import { bringUpJobs, heldBack, jobsUndoneByLossOf, stepsByImage, withoutEmptied } from "./bring-up-graph.ts";

const plan = infraPlan();

function applied(...undone: readonly string[]): Pick<Applied, "jobs"> {
  const done = bringUpJobs(plan).filter(({ id }) => !undone.includes(id));
  return { jobs: Object.fromEntries(done.map(({ id }) => [id, { inputsHash: "of an older version", at: "" }])) };
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

test("losing one store undoes the jobs that work on it or for whoever keeps data there, and no other", () => {
  const postgres = jobsUndoneByLossOf(plan, ["postgres"]);

  expect(jobsUndoneByLossOf(plan, ["redis"])).toEqual([]);
  expect(postgres).toEqual(
    expect.arrayContaining(["postgres-initialise", "postgres-databases", "casdoor-bootstrap", "temporal-namespace"]),
  );
  expect(postgres).not.toContain("minio-buckets");
});

test("a store that is made anew is filled again by its jobs, if it can be", () => {
  const done = { jobs: applied().jobs, initialised: { "minio/data": { at: "" } } };

  const again = withoutEmptied(done, plan, [
    { component: "minio", dataClass: "rebuild" },
    { component: "postgres", dataClass: "backup" },
    { component: "redis", dataClass: "ephemeral" },
  ]);

  expect(Object.keys(done.jobs).filter((id) => again.jobs[id] === undefined)).toEqual(
    jobsUndoneByLossOf(plan, ["minio"]),
  );
  expect(again.initialised).toEqual({});
});

test("most is left to do after the image of the database, and of the jobs on it; least after those that nothing waits for", () => {
  const steps = stepsByImage(plan);
  const count = (image: string): number => steps.get(image) ?? 0;

  // Initialise, serve, databases, schema, Temporal, its namespace.
  expect(count("postgres")).toBeGreaterThanOrEqual(6);
  expect(count("toolbox")).toBeLessThan(count("postgres"));
  expect(count("temporal")).toBeLessThan(count("toolbox"));
  expect(count("minio")).toBeGreaterThan(count("registry"));
  // Itself, the sign-in with its sessions there, what closes that, and the gateway.
  expect(count("valkey")).toBe(4);
  expect(count("nats")).toBe(1);
});
