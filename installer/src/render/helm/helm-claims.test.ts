import { describe, expect, it } from "vitest";
import { infraPlan, profilePlan } from "../../../test/support/infra-plan.ts";
import type { Component, Job, Plan, VolumeMount } from "../../plan/model.ts";
import { renderHelm } from "./render-helm.ts";

const backedUp = ["backup.mode=embedded", "backup.claim=backups"];
const kept = { name: "backup-repository", claim: "backups", of: "backup" };
const own = { name: "backup-staging", claim: "staging-slipway-backup-0", of: "backup", folder: "staging" };

function withMounts(plan: Plan, id: string, mounts: readonly VolumeMount[]): Plan {
  const change = (job: Job): Job => (job.id === id ? { ...job, container: { ...job.container, mounts } } : job);
  return { ...plan, jobs: plan.jobs.map(change) };
}

describe("volumes of a component that runs nothing", () => {
  it("are claims that its jobs name: what is a person's own as it is, of its own a folder", () => {
    const job = renderHelm(infraPlan(backedUp)).values.jobs.find(({ id }) => id === "backup");

    expect(job?.claims).toEqual([kept, own]);
    expect(job?.unit.mounts).toEqual([
      { volume: "backup-repository", path: "/repository", whole: true },
      { volume: "backup-staging", path: "/staging", folder: "staging" },
    ]);
  });

  it("are mounted by a job in the pod whose data it brings back, before all that prepares those data", () => {
    const plan = profilePlan("infra", backedUp, undefined, { restore: { backup: "0123abcd" } });

    const { values } = renderHelm(plan);
    const postgres = values.components.find(({ id }) => id === "postgres");

    expect(postgres?.claims).toEqual([kept, own]);
    expect(postgres?.init.map(({ id }) => id)).toEqual(["restore-postgres", "postgres-initialise"]);
    expect(postgres?.init[0]?.mounts[0]).toEqual({ volume: "data", path: "/var/lib/postgresql/data" });
    expect(values.jobs.map(({ id }) => id)).not.toContain("restore-postgres");
    expect(values.jobs.find(({ id }) => id === "restore-objects")?.claims).toEqual([kept, own]);
  });

  it("may only be read where the plan says so", () => {
    const plan = withMounts(infraPlan(backedUp), "backup", [{ volume: "staging", path: "/staging", readOnly: true }]);

    const job = renderHelm(plan).values.jobs.find(({ id }) => id === "backup");

    expect(job?.unit.mounts).toEqual([
      { volume: "backup-staging", path: "/staging", folder: "staging", readOnly: true },
    ]);
  });
});

describe("a volume of a service", () => {
  const mounts = [{ volume: "data", component: "postgres", path: "/data" }];

  it("is mounted by a job in a pod of its own by the claim of the service's pod, which is marked for that", () => {
    const { values } = renderHelm(withMounts(infraPlan(backedUp), "backup", mounts));

    const job = values.jobs.find(({ id }) => id === "backup");
    expect(job?.claims).toEqual([
      { name: "postgres-data", claim: "data-slipway-postgres-0", of: "postgres", folder: "data", held: true },
    ]);
    expect(values.components.filter(({ shared }) => shared).map(({ id }) => id)).toEqual(["postgres"]);
  });

  it("is refused where each of several pods has its own", () => {
    const several = (row: Component): Component =>
      row.id === "postgres" && row.workload !== undefined
        ? { ...row, workload: { ...row.workload, replicas: 2 } }
        : row;
    const plan = withMounts(infraPlan(backedUp), "backup", mounts);

    expect(() => renderHelm({ ...plan, components: plan.components.map(several) })).toThrow(
      "postgres: volumes: data is mounted outside of its pods, and each of several has its own",
    );
  });

  it("has to be one that is there", () => {
    const nothing = [{ volume: "nothing", path: "/data" }];

    expect(() => renderHelm(withMounts(infraPlan(backedUp), "backup", nothing))).toThrow(
      "backup: volumes: there is no nothing to mount",
    );
  });
});
