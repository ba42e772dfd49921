import { describe, expect, it } from "vitest";
import { kinds } from "../kinds.ts";
import { storage } from "./storage.ts";
import { found, place, readyCluster, storageClass } from "./testing/cluster-world.ts";

describe("storage", () => {
  it("by the default class is fine", async () => {
    expect(await found(storage, readyCluster())).toEqual([]);
  });

  it("without a default class, or by one that is not there, names those that are", async () => {
    const memory = readyCluster();
    memory.take("StorageClass", "standard");
    memory.put(storageClass("fast", {}));
    memory.put(storageClass("archive", {}));

    expect(await found(storage, memory)).toEqual([
      {
        message: "the cluster has no default storage class, and cluster.storageClass names none",
        remedy: "set cluster.storageClass to one of archive, fast",
      },
    ]);
    const [other] = await found(storage, memory, { settings: { storageClass: "slow" } });
    expect(other?.message).toBe("the cluster has no storage class slow");
    expect(await found(storage, memory, { settings: { storageClass: "fast" } })).toEqual([]);
  });

  it("by a class that makes no volumes needs one for each claim", async () => {
    const memory = readyCluster();
    memory.put(storageClass("by-hand", { provisioner: "kubernetes.io/no-provisioner" }));

    const findings = await found(storage, memory, { settings: { storageClass: "by-hand" } });

    expect(findings.map(({ component }) => component)).toContain("postgres");
    expect(findings[0]?.message).toMatch(/by-hand makes no volumes, and none of \d+Gi or more is free for/);
  });

  it("of a claim that is there stays, whatever is wanted now", async () => {
    const memory = readyCluster();
    memory.put(storageClass("fast", {}));
    memory.put({
      ...kinds.claim,
      metadata: { name: "data-slipway-postgres-0", ...place, labels: { "app.kubernetes.io/instance": "slipway" } },
      spec: { storageClassName: "standard", resources: { requests: { storage: "50Gi" } } },
    });

    const [finding] = await found(storage, memory, { settings: { storageClass: "fast" } });

    expect(finding).toMatchObject({ severity: "warning", component: "postgres" });
    expect(finding?.message).toContain("is of the storage class standard and stays there");
    expect(await found(storage, memory)).toEqual([]);
  });

  it("cannot grow where the class of a claim does not allow it", async () => {
    const memory = readyCluster();
    memory.put({
      ...kinds.claim,
      metadata: { name: "data-slipway-postgres-0", ...place, labels: { "app.kubernetes.io/instance": "slipway" } },
      spec: { storageClassName: "standard", resources: { requests: { storage: "10Gi" } } },
    });

    const [finding] = await found(storage, memory);
    expect(finding?.message).toContain(
      "has 10 GiB and is to have 50, and the storage class standard lets no claim grow",
    );
    memory.put(storageClass("standard", { isDefault: true, allowVolumeExpansion: true }));
    expect(await found(storage, memory)).toEqual([]);
  });
});
