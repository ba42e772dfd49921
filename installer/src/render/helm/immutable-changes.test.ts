import { describe, expect, it } from "vitest";
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

  it("says how a claim is made larger, which a StatefulSet cannot do", () => {
    const [row] = immutableChanges(samplePlan, withStore({ volumes: [{ ...data, sizeGiB: 80 }] }));

    expect(row?.message).toBe(
      "store: volume data grows from 50 GiB to 80 GiB, and a StatefulSet cannot change its claims",
    );
    expect(row?.hint).toContain("kubectl patch pvc data-sample-store-0");
    expect(row?.hint).toContain("kubectl delete statefulset sample-store --cascade=orphan");
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

  it("names volumes that come and go", () => {
    expect(messages(withStore({ volumes: [{ ...data, name: "wal" }] }))).toEqual([
      "store: volume wal is new, and a StatefulSet cannot change its claims",
      "store: volume data is no longer wanted, and a StatefulSet cannot change its claims",
    ]);
  });

  it("is silent about stores that only one of the plans runs here", () => {
    const without = { ...samplePlan, components: samplePlan.components.filter((row) => row.id !== "store") };
    const external = withStore({ presence: "external", volumes: [] });

    expect(messages(samplePlan, without)).toEqual([]);
    expect(messages(without)).toEqual([]);
    expect(messages(external)).toEqual([]);
  });
});
