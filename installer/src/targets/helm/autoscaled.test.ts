import { expect, it } from "vitest";
import { createMemoryCluster } from "../../../test/support/memory-cluster.ts";
import { referencePlan } from "../../../test/support/compose-reference.ts";
import { holdCounts } from "./autoscaled.ts";
import { kinds } from "./kinds.ts";

const place = { namespace: "hub" };
const plan = referencePlan("ha");
const server = { ...kinds.deployment, ...place, name: "slipway-csghub-server" };

/** The deployment as helm has it, with a number or without. */
const said = (replicas?: number) => ({
  ...kinds.deployment,
  metadata: { name: server.name, ...place },
  spec: { template: { spec: { containers: [] } }, ...(replicas === undefined ? {} : { replicas }) },
});

function world() {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });
  const { cluster } = memory;
  const helm = (replicas?: number) => cluster.apply(said(replicas), { manager: "helm", force: true });
  const pods = async () => ((await cluster.get(server))?.["spec"] as { readonly replicas?: number }).replicas;
  return { memory, cluster, helm, pods, hold: () => holdCounts(plan, { cluster, place }) };
}

it("keeps the pods of a workload whose number the release says no more", async () => {
  const { helm, hold, pods } = world();
  await helm(3);

  await hold();
  await helm();

  expect(await pods()).toBe(3);
});

it.each([
  ["was stopped", 0],
  ["lost its number", 1],
])("gives a workload that %s the least number of pods", async (_what, replicas) => {
  const { cluster, helm, hold, pods } = world();
  await helm();
  await cluster.merge(server, { spec: { replicas } });

  await hold();

  expect(await pods()).toBe(2);
});

it("leaves a workload alone that the autoscaler gave more pods", async () => {
  const { cluster, helm, hold, memory } = world();
  await helm();
  await cluster.merge(server, { spec: { replicas: 4 } });

  await hold();

  expect(memory.calls.filter((call) => call.startsWith("apply"))).toEqual(["apply Deployment/slipway-csghub-server"]);
});

it("makes nothing that is not there, and touches nothing of a fixed number", async () => {
  const { memory, hold } = world();

  await hold();

  expect(memory.calls).toEqual([
    "get Deployment/slipway-csghub-aigateway",
    "get Deployment/slipway-csghub-rproxy",
    "get Deployment/slipway-csghub-server",
    "get Deployment/slipway-gateway",
  ]);
});
