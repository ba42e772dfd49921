import { expect, it } from "vitest";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { createMemoryCluster } from "../../../test/support/memory-cluster.ts";
import { claimNames, makeClaims, requireKeptClaims } from "./claims.ts";
import { kinds } from "./kinds.ts";

const place = { namespace: "hub" };
const identity = { uuid: "0000", name: "slipway" };
const plan = infraPlan(["backup.mode=embedded", "backup.claim=backups", "backup.storage.size=30Gi"]);

it("makes a claim for what only jobs work on, and none for the one that is a person's own", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });

  const made = await makeClaims(memory.cluster, place, plan, identity);

  const staging = memory.find("PersistentVolumeClaim", "staging-slipway-backup-0");
  expect(made).toContain("backup/staging");
  expect(staging?.metadata.annotations).toEqual({ "slipway.dev/install": "0000" });
  expect(staging?.["spec"]).toMatchObject({ resources: { requests: { storage: "30Gi" } } });
  expect(made).not.toContain("backup/repository");
  expect(claimNames(plan).map(({ name }) => name)).not.toContain("repository-slipway-backup-0");
});

it("refuses to begin without the claim that is a person's own, and says which", async () => {
  const memory = createMemoryCluster({ namespaces: [place.namespace] });

  await expect(requireKeptClaims(memory.cluster, place, plan)).rejects.toMatchObject({
    code: "PREFLIGHT_FAILED",
    message: "there is no claim backups in the namespace hub, which backup.claim names",
    hint: expect.stringContaining("--set backup.claim=NAME") as string,
  });
  memory.put({ ...kinds.claim, metadata: { name: "backups", ...place } });
  await expect(requireKeptClaims(memory.cluster, place, plan)).resolves.toBeUndefined();
});
