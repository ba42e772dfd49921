import { describe, expect, it } from "vitest";
import { chartFiles } from "../../../render/helm/chart.generated.ts";
import { neededRights, rights } from "./rights.ts";
import { referencePlan } from "../../../../test/support/compose-reference.ts";
import { found, readyCluster, withSettings } from "./testing/cluster-world.ts";

describe("rights", () => {
  it("that are all there are found by one question", async () => {
    const memory = readyCluster();

    expect(await found(rights, memory)).toEqual([]);
    expect(memory.calls.filter((call) => call.startsWith("create"))).toHaveLength(1);
  });

  it("that are missing are listed exactly, with the rules that grant them", async () => {
    const memory = readyCluster();
    memory.allows = ({ resource, verb }) =>
      resource !== "*" &&
      !(resource === "networkpolicies" && ["create", "patch"].includes(verb)) &&
      resource !== "events";

    const findings = await found(rights, memory);

    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toBe(
      "in the namespace hub you may not list events; create, patch networkpolicies (networking.k8s.io)",
    );
    expect(findings[0]?.remedy).toContain(
      'rules: [{ apiGroups: [""], resources: ["events"], verbs: [list] }, { apiGroups: ["networking.k8s.io"], resources: ["networkpolicies"], verbs: [create, patch] }]',
    );
  });

  it("in the whole cluster are only needed to make the namespace", async () => {
    const memory = readyCluster();
    memory.allows = ({ namespace }) => namespace !== undefined;

    expect(await found(rights, memory)).toEqual([]);
    const [finding] = await found(rights, memory, { namespace: undefined });
    expect(finding?.message).toBe("there is no namespace hub, and you may not make one");
    expect(finding?.remedy).toContain("kubectl create namespace hub");
  });

  it("are known for every kind of object in the chart", () => {
    const plan = withSettings(referencePlan("ha"), { gatewayClass: { name: "any", namespace: "", addresses: [] } });
    const resources = new Set(neededRights(plan).map(({ resource }) => resource));
    const kinds = Object.values(chartFiles).flatMap((text) =>
      [...text.matchAll(/^kind: (\w+)$|^ {2}kind: (StatefulSet|Deployment)$/gm)].map(
        ([, kind = "", other = ""]) => kind + other,
      ),
    );

    expect(kinds.length).toBeGreaterThan(8);
    for (const kind of kinds) expect(resources).toContain(`${kind.toLowerCase().replace(/([^aeiou])y$/, "$1ie")}s`);
  });
});
