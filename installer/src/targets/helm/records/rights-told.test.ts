import { expect, it } from "vitest";
import { ClusterRefusal, createMemoryCluster } from "../../../../test/support/memory-cluster.ts";
import type { SharedRecords } from "../../../execute/state/shared-records.ts";
import { withRightsTold } from "./rights-told.ts";

const holder = { owner: "me", pid: 1, command: "install", since: "2026-01-01T00:00:00.000Z" };

function refusedWith(error: Error, allowed: (resource: string) => boolean): SharedRecords {
  const memory = createMemoryCluster({ namespaces: ["hub"] });
  memory.allows = ({ resource }) => allowed(resource);
  const records = { place: "there", lost: new AbortController().signal, lock: () => Promise.reject(error) };
  return withRightsTold(records as unknown as SharedRecords, { cluster: memory.cluster, place: { namespace: "hub" } });
}

it("tells every right that is missing to somebody who may not even look at the lock", async () => {
  const records = refusedWith(
    new ClusterRefusal(403, "Forbidden", "you may not get leases"),
    (resource) => !["*", "leases", "jobs"].includes(resource),
  );

  await expect(records.lock(holder as never, undefined)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: expect.stringMatching(/^in the namespace hub you may not .*jobs \(batch\).*leases/) as string,
    hint: expect.stringContaining("apiGroups") as string,
  });
});

it("leaves alone what was refused for another reason, or to somebody who has every right", async () => {
  const conflict = new ClusterRefusal(409, "Conflict", "somebody changed it");
  const webhook = new ClusterRefusal(403, "Forbidden", "denied by a webhook");

  await expect(refusedWith(conflict, () => false).lock(holder as never, undefined)).rejects.toBe(conflict);
  await expect(refusedWith(webhook, () => true).lock(holder as never, undefined)).rejects.toBe(webhook);
});
