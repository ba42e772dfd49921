import { expect, it } from "vitest";
import { infraPlan } from "../../../../test/support/infra-plan.ts";
import { kinds } from "../kinds.ts";
import { claimsKept } from "./claims-kept.ts";
import { found, place, readyCluster } from "./testing/cluster-world.ts";

const plan = infraPlan(["backup.mode=embedded", "backup.claim=backups"]);

it("names a claim of the values that nobody has made, or that is going", async () => {
  const memory = readyCluster();

  const missing = await found(claimsKept, memory, { plan });
  memory.put({ ...kinds.claim, metadata: { name: "backups", ...place } });
  const there = await found(claimsKept, memory, { plan });
  memory.put({ ...kinds.claim, metadata: { name: "backups", ...place, deletionTimestamp: "2026-11-30T10:00:00Z" } });
  const going = await found(claimsKept, memory, { plan });

  expect(missing[0]?.message).toBe("there is no claim backups in the namespace hub, which backup.claim names");
  expect(there).toEqual([]);
  expect(going[0]?.message).toContain("was deleted, and goes as soon as nothing uses it");
});
