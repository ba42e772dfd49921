import { beforeAll, describe, expect, it } from "vitest";
import type { Container, Job, Plan } from "../../src/plan/model.ts";
import { secret, textFile } from "../../src/plan/text.ts";
import type { KubernetesObject } from "../../src/render/hardening/hardening-input.ts";
import { templatePlan } from "./helm.ts";
import { infraPlan } from "../support/infra-plan.ts";
import { podOf } from "./parity/parity-helm.ts";
import { samplePlan } from "../support/sample-plan.ts";

/** What an upgrade sends to objects that are there: refused where a field cannot change, and a new pod where its template did. */
const job = "store-roles";

function withJob(change: (job: Job) => Job): Plan {
  return { ...samplePlan, jobs: samplePlan.jobs.map((row) => (row.id === job ? change(row) : row)) };
}

function withContainer(change: Partial<Container>): Plan {
  return withJob((row) => ({ ...row, container: { ...row.container, ...change } }));
}

function only(objects: readonly KubernetesObject[], kind: string, id: string): KubernetesObject {
  const found = objects.find(
    (object) => object.kind === kind && object.metadata.labels?.["app.kubernetes.io/name"] === id,
  );
  if (found === undefined) throw new Error(`no ${kind} of ${id}`);
  return found;
}

/** Pod templates by object; names of Jobs left out. */
function podTemplates(objects: readonly KubernetesObject[]): readonly unknown[] {
  return objects.filter((object) => podOf(object).length > 0).map((object) => [object.kind, object["spec"]]);
}

describe("the name of a Job", () => {
  const digest = "0123456789abcdef";
  const { container } = samplePlan.jobs.find((row) => row.id === job) ?? {};
  let before: KubernetesObject;
  beforeAll(async () => {
    before = only(await templatePlan(samplePlan), "Job", job);
  });

  it.each<[string, Plan, readonly string[]]>([
    ["its image", withContainer({ image: { name: "toolbox", reference: "toolbox:2", source: "built" } }), []],
    ["its entry point", withContainer({ entrypoint: ["other"] }), []],
    ["its arguments", withContainer({ command: ["other"] }), []],
    ["a variable", withContainer({ env: [{ name: "A", value: ["b"] }] }), []],
    ["a file", withContainer({ files: [...(container?.files ?? []), { path: "/a", contents: textFile(["b"]) }] }), []],
    ["a secret in a file", withContainer({ files: [{ path: "/a", contents: textFile([secret("store-app")]) }] }), []],
    ["its user", withContainer({ uid: 10099 }), []],
    ["its scratch space", withContainer({ scratch: [{ path: "/tmp", sizeMiB: 32 }] }), []],
    ["its resources", withContainer({ resources: { cpus: 1, memoryMiB: 512, pids: 64 } }), []],
    ["its deadline", withJob((row) => ({ ...row, deadlineSeconds: 10 })), []],
    ["what it waits for", withJob((row) => ({ ...row, needs: [] })), []],
    ["the pull policy", { ...samplePlan, settings: { ...samplePlan.settings, pullPolicy: "always" } }, []],
    ["the value of a secret", samplePlan, ["--set", `secretDigests.${job}=${digest}`]],
    ["the cluster's time to wait", samplePlan, ["--set", "cluster.jobWaitSeconds=60"]],
    ["the cluster's pull secrets", samplePlan, ["--set", "cluster.imagePullSecrets[0]=regcred"]],
    ["the cluster's reservation", samplePlan, ["--set", "cluster.cpuRequestPercent=50"]],
  ])("changes with %s", async (_what, plan, extra) => {
    const after = only(await templatePlan(plan, extra), "Job", job);

    expect(after["spec"]).not.toEqual(before["spec"]);
    expect(after.metadata.name).not.toBe(before.metadata.name);
    expect(after.metadata.name).toMatch(/^sample-store-roles-[0-9a-f]{8}$/);
  });

  it("stays with everything it contains, whatever other jobs do", async () => {
    const plan: Plan = {
      ...samplePlan,
      jobs: samplePlan.jobs.map((row) => (row.id === job ? row : { ...row, deadlineSeconds: 1 })),
    };

    expect(only(await templatePlan(plan), "Job", job)).toEqual(before);
  });
});

describe.each<[string, Plan]>([
  ["a plan with every field", samplePlan],
  ["the infra profile", infraPlan(["domain=platform.example.org"])],
])("another version of Slipway with the data of %s", (_name, plan) => {
  it("changes no pod and no Job; its number is on the objects only", async () => {
    // The page says which version made it: its text is the one thing that the number is part of.
    const same = { ...plan, components: plan.components.filter((row) => row.id !== "landing-page"), routes: [] };
    const upgraded = { ...same, install: { ...same.install, version: "9.9.9" } };

    const before = await templatePlan(same);
    const after = await templatePlan(upgraded);

    expect(podTemplates(after)).toEqual(podTemplates(before));
    expect(after.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual(
      before.map(({ kind, metadata }) => `${kind}/${metadata.name}`),
    );
    expect(after.every(({ metadata }) => metadata.labels?.["app.kubernetes.io/version"] === "9.9.9")).toBe(true);
    expect(JSON.stringify(podTemplates(after))).not.toContain("9.9.9");
  });
});

describe("a rotated secret", () => {
  it("is another Secret for the pods that read it, those whose first steps do included, and changes no other", async () => {
    const pods = async (app: string, init: string): Promise<readonly string[]> => {
      const digests = `secretDigests.app=${app.repeat(16)},secretDigests.store-init=${init.repeat(16)}`;
      const objects = await templatePlan(samplePlan, ["--set-string", digests]);
      return objects.flatMap((object) =>
        podOf(object).map((pod) => `${pod.labels["app.kubernetes.io/name"] ?? ""} ${JSON.stringify(pod)}`),
      );
    };

    const before = await pods("1", "2");
    const after = await pods("3", "4");

    const changed = after.filter((row) => !before.includes(row)).map((row) => row.split(" ")[0]);
    expect(changed).toEqual(["app", "store"]);
    expect(after.join("\n")).toContain(`"secretName":"sample-files-store-init-${"4".repeat(10)}"`);
    expect(after.join("\n")).toContain(`"name":"sample-env-app-${"3".repeat(10)}"`);
  });
});
