import { describe, expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { samplePlan } from "../../../test/support/sample-plan.ts";
import type { Component, Plan, Volume } from "../../plan/model.ts";
import { immutableChanges } from "./immutable-changes.ts";

const data: Volume = { name: "data", sizeGiB: 50, dataClass: "backup", marker: "PG_VERSION" };

function withStore(change: Partial<Component>): Plan {
  return {
    ...samplePlan,
    components: samplePlan.components.map((row) => (row.id === "store" ? { ...row, ...change } : row)),
  };
}

function messages(after: Plan, before = samplePlan): readonly string[] {
  return immutableChanges(before, after).map((row) => row.message);
}

describe("immutableChanges", () => {
  it("is silent when the claims stay, whatever else changes", () => {
    const { workload } = samplePlan.components[0] ?? {};
    const plan = withStore({
      volumes: [{ ...data, dataClass: "rebuild" }],
      ...(workload === undefined ? {} : { workload: { ...workload, replicas: 3, stopSeconds: 1 } }),
    });

    expect(immutableChanges(samplePlan, plan)).toEqual([]);
  });

  it("says so of what only jobs work on, too", () => {
    const backedUp = (size: string): Plan =>
      infraPlan(["backup.mode=embedded", "backup.claim=backups", `backup.storage.size=${size}`]);

    expect(messages(backedUp("10Gi"), backedUp("20Gi"))).toEqual([
      "backup: volume staging would shrink from 20 GiB to 10 GiB, and a claim never shrinks",
    ]);
  });

  it("says that a claim never shrinks", () => {
    expect(immutableChanges(samplePlan, withStore({ volumes: [{ ...data, sizeGiB: 10 }] }))).toEqual([
      {
        component: "store",
        message: "store: volume data would shrink from 50 GiB to 10 GiB, and a claim never shrinks",
        hint: "set the size back to 50Gi",
      },
    ]);
  });

  it("is silent about volumes that grow, come and go: their StatefulSet is made anew", () => {
    expect(messages(withStore({ volumes: [{ ...data, sizeGiB: 80 }] }))).toEqual([]);
    expect(messages(withStore({ volumes: [{ ...data, name: "wal" }] }))).toEqual([]);
  });

  it("is silent about stores that only one of the plans runs here", () => {
    const without = { ...samplePlan, components: samplePlan.components.filter((row) => row.id !== "store") };
    const external = withStore({ presence: "external", volumes: [] });

    expect(messages(samplePlan, without)).toEqual([]);
    expect(messages(without)).toEqual([]);
    expect(messages(external)).toEqual([]);
  });
});
