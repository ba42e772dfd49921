import { expect, it } from "vitest";
import { fakeContext } from "../../../test/support/fake-check-context.ts";
import { createMemoryCluster, type MemoryCluster } from "../../../test/support/memory-cluster.ts";
import type { Component, Plan } from "../../plan/model.ts";
import { claimsToGrow, storesToRemake } from "./grown-stores.ts";
import { kinds } from "./kinds.ts";

const place = { namespace: "hub" };
const { plan } = fakeContext();
const labels = { "app.kubernetes.io/instance": "slipway" };

/** What an install of the plan left in the cluster: the store and its claim, with this much. */
function installed(size: string, storageClassName?: string): MemoryCluster {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  const spec = {
    resources: { requests: { storage: size } },
    ...(storageClassName === undefined ? {} : { storageClassName }),
  };
  memory.put({ ...kinds.claim, metadata: { name: "data-slipway-postgres-0", ...place, labels }, spec });
  memory.put({
    ...kinds.statefulSet,
    metadata: { name: "slipway-postgres", ...place, labels },
    spec: { volumeClaimTemplates: [{ metadata: { name: "data" }, spec }] },
  });
  return memory;
}

function withPostgres(change: (component: Component) => Partial<Component>): Plan {
  const components = plan.components.map((row) => (row.id === "postgres" ? { ...row, ...change(row) } : row));
  return { ...plan, components };
}

const grown = withPostgres(({ volumes }) => ({ volumes: volumes.map((volume) => ({ ...volume, sizeGiB: 80 })) }));

it("leaves alone what is as the plan wants it, however the size is written", async () => {
  const memory = installed(`${50 * 1024}Mi`);

  expect(await claimsToGrow(memory.cluster, place, plan, "slipway")).toEqual([]);
  expect([...(await storesToRemake(memory.cluster, place, plan, "slipway"))]).toEqual([]);
});

it("has a claim grow, and its StatefulSet made anew, where the plan wants more", async () => {
  const memory = installed("50Gi");

  const growths = await claimsToGrow(memory.cluster, place, grown, "slipway");

  expect(growths).toEqual([
    {
      claim: { ...kinds.claim, ...place, name: "data-slipway-postgres-0" },
      patch: { spec: { resources: { requests: { storage: "80Gi" } } } },
    },
  ]);
  expect([...(await storesToRemake(memory.cluster, place, grown, "slipway"))]).toEqual(["slipway-postgres"]);
});

it("never has a claim shrink that somebody made larger", async () => {
  expect(await claimsToGrow(installed("90Gi").cluster, place, grown, "slipway")).toEqual([]);
});

it("makes a StatefulSet anew for another storage class and for other volumes", async () => {
  const other = withPostgres(({ volumes }) => ({
    volumes: [...volumes, ...volumes.map((row) => ({ ...row, name: "wal" }))],
  }));

  expect([...(await storesToRemake(installed("50Gi", "fast").cluster, place, plan, "slipway"))]).toEqual([
    "slipway-postgres",
  ]);
  expect([...(await storesToRemake(installed("50Gi").cluster, place, other, "slipway"))]).toEqual(["slipway-postgres"]);
});
