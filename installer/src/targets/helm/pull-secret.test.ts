import { expect, test } from "vitest";
import { createMemoryCluster } from "../../../test/support/memory-cluster.ts";
import { samplePlan } from "../../../test/support/sample-plan.ts";
import type { Plan } from "../../plan/model.ts";
import { ensurePullSecret, logNodesIn, prunePullSecret } from "./pull-secret.ts";

const place = { namespace: "hub" };
const name = `${samplePlan.install.name}-image-registry`;
const login = { host: "harbor.corp:5000", username: "puller", password: "s3cret" };

function planWith(...imagePullSecrets: readonly string[]): Plan {
  const { settings } = samplePlan;
  return { ...samplePlan, settings: { ...settings, cluster: { ...settings.cluster, imagePullSecrets } } };
}

function loginsIn(secret: Record<string, unknown> | undefined): unknown {
  const data = secret?.["data"] as Readonly<Record<string, string>> | undefined;
  return JSON.parse(Buffer.from(data?.[".dockerconfigjson"] ?? "", "base64").toString());
}

test("the login is in the one Secret that pods name, and another login is in the same one", async () => {
  const memory = createMemoryCluster();
  const { cluster } = memory;

  await logNodesIn(cluster, place, planWith(name), { ...login, password: "of before" });
  await logNodesIn(cluster, place, planWith(name), login);
  await ensurePullSecret(cluster, place, planWith(name));
  await prunePullSecret(cluster, place, planWith(name));

  const secret = memory.find("Secret", name);
  expect(secret).toMatchObject({ type: "kubernetes.io/dockerconfigjson", metadata: place });
  expect(loginsIn(secret)).toEqual({
    auths: { "harbor.corp:5000": { username: "puller", password: "s3cret", auth: "cHVsbGVyOnMzY3JldA==" } },
  });
});

test("of a registry that asks for none it is empty, so that no node misses it", async () => {
  const memory = createMemoryCluster({ namespaces: ["hub"] });
  const { cluster } = memory;

  await ensurePullSecret(cluster, place, planWith(name));

  expect(loginsIn(memory.find("Secret", name))).toEqual({ auths: {} });
});

test("a Secret that the values name is used alone: none is made, and the one of before goes", async () => {
  const memory = createMemoryCluster({ namespaces: ["hub"] });
  const { cluster } = memory;

  await logNodesIn(cluster, place, planWith("regcred"), login);
  expect(memory.all("Secret")).toEqual([]);

  await logNodesIn(cluster, place, planWith(name), login);
  await prunePullSecret(cluster, place, planWith("regcred"));
  expect(memory.find("Secret", name)).toBeUndefined();
});
