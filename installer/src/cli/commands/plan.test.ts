import { describe, expect, it } from "vitest";
import type { PlanResult } from "../../actions/plan/plan.ts";
import { cli, apiVersion, inFreshFolder } from "./testing/command-run.ts";

inFreshFolder();

const planned: PlanResult = {
  apiVersion,
  kind: "PlanResult",
  name: "slipway",
  profile: "infra",
  hash: "3f9c2a10b7d4e86500112233445566778899aabbccddeeff0011223344556677",
  offline: false,
  changed: true,
  counts: { create: 0, recreate: 1, restart: 0, run: 0, remove: 0, unchanged: 1 },
  changes: [
    { subject: "component", id: "redis", action: "recreate", reasons: ["resources.memoryMiB 512 → 1024"] },
    { subject: "component", id: "nats", action: "unchanged", reasons: [] },
  ],
  impossible: [],
};

describe("plan", () => {
  it("shows what changes and why, and the hash", async () => {
    const run = await cli("plan", { plan: () => Promise.resolve(planned) });

    expect(run.status).toBe(0);
    expect(run.stdout()).toBe(
      "~ recreate component redis\n    resources.memoryMiB 512 → 1024\n1 recreate, 1 unchanged\nplan 3f9c2a10b7d4e865\n",
    );
  });

  it("shows what is new on one line each", async () => {
    const changes = ["redis", "nats"].map((id) => ({
      subject: "component" as const,
      id,
      action: "create" as const,
      reasons: ["new"],
    }));
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, changes }) });

    expect(run.stdout()).toMatch(/^\+ create component redis\n\+ create component nats\n1 recreate/);
  });

  it("names what cannot be done, and what to do instead", async () => {
    const impossible = [{ message: "minio: volume data would shrink", hint: "set the size back to 20Gi" }];
    const run = await cli("plan", { plan: () => Promise.resolve({ ...planned, impossible }) });

    expect(run.stdout()).toContain(
      "! cannot be done: minio: volume data would shrink\n    set the size back to 20Gi\n",
    );
  });

  it("ends with 14 on changes when --exit-code asks for it, 0 without changes", async () => {
    const changed = await cli("plan --exit-code", { plan: () => Promise.resolve(planned) });
    const same = await cli("plan --exit-code", { plan: () => Promise.resolve({ ...planned, changed: false }) });

    expect([changed.status, same.status]).toEqual([14, 0]);
  });

  it("prints the result itself with --json", async () => {
    const run = await cli("plan --json", { plan: () => Promise.resolve(planned) });

    expect(JSON.parse(run.stdout())).toEqual(planned);
  });

  it("knows no target but compose", async () => {
    expect((await cli("plan --mode helm", {})).status).toBe(2);
  });
});
