import { beforeAll, describe, expect, it } from "vitest";
import type { Component, Plan, Workload } from "../../src/plan/model.ts";
import { secret, textFile } from "../../src/plan/text.ts";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { parityPage, targetDifferences } from "../../src/render/helm/target-differences.ts";
import { templatePlan } from "./helm.ts";
import { planOfEveryComponent } from "../support/every-component.ts";
import { infraPlan } from "../support/infra-plan.ts";
import { readReference, referencePlan } from "../support/compose-reference.ts";
import { composeOutput, composeUnits } from "./parity/parity-compose.ts";
import { helmUnits } from "./parity/parity-helm.ts";
import { compareUnits, type Observed } from "./parity/parity-unit.ts";
import { samplePlan } from "../support/sample-plan.ts";

/** A plan without what Compose refuses: a second copy, and a secret in the environment. */
function composable(plan: Plan): Plan {
  return {
    ...plan,
    components: plan.components.map((component) => {
      const { workload } = component;
      if (workload === undefined) return component;
      const env = workload.container.env.filter((variable) => variable.secretReason === undefined);
      const { stopSeconds, stopSignal, update, health, container } = workload;
      const fixed = { stopSeconds, update, health, ...(stopSignal === undefined ? {} : { stopSignal }) };
      return { ...component, workload: { ...fixed, replicas: 1, container: { ...container, env } } };
    }),
  };
}

const composablePlan = composable(samplePlan);
const haPlan = referencePlan("ha");

async function observe(
  plan: Plan,
  helmPlan = plan,
  output = composeOutput(renderCompose(plan)),
): Promise<readonly Observed[]> {
  const compose = composeUnits(output);
  const objects = await templatePlan(helmPlan, ["--set", "cluster.imageVolumes=always"]);
  const helm = helmUnits(objects, renderHelm(helmPlan));
  return compareUnits(compose, helm);
}

function explanations({ unit, field }: Observed): readonly string[] {
  return targetDifferences.filter((row) => row.field === field && (row.unit ?? unit) === unit).map((row) => row.id);
}

describe.each<[string, Plan, (ReturnType<typeof composeOutput> | undefined)?, Plan?]>([
  ["a plan with every field", composablePlan],
  ["the infra profile as the reference has it", referencePlan("infra"), readReference("infra")],
  ["the standard profile as the reference has it", referencePlan("standard"), readReference("standard")],
  ["the infra profile on localhost", infraPlan()],
  ["every component there is", planOfEveryComponent()],
  ["the ha profile, with one of each on Compose", composable(haPlan), undefined, haPlan],
])("Compose and Helm renderings of %s", (_name, plan, output, helmPlan) => {
  let observed: readonly Observed[];
  beforeAll(async () => {
    observed = await observe(plan, helmPlan, output);
  });

  it("differ only where the written list says so", () => {
    const unexplained = observed.filter((row) => explanations(row).length === 0);

    expect(unexplained).toEqual([]);
  });

  it("carry the same components and jobs", () => {
    const missing = observed.filter((row) => row.field === "presence").map((row) => row.unit);

    expect(missing).toEqual([]);
  });
});

describe("the comparison", () => {
  it.each<[string, string, (component: Component, workload: Workload) => Component]>([
    [
      "another image",
      "image",
      (row, it) => withContainer(row, it, { image: { ...it.container.image, reference: "other:1" } }),
    ],
    ["a missing variable", "env", (row, it) => withContainer(row, it, { env: it.container.env.slice(1) })],
    [
      "another secret",
      "files",
      (row, it) =>
        withContainer(row, it, {
          files: [
            { path: "/etc/app/app.json", contents: textFile([secret("store-admin")]) },
            ...it.container.files.slice(1),
          ],
        }),
    ],
    [
      "less memory",
      "memory",
      (row, it) => withContainer(row, it, { resources: { ...it.container.resources, memoryMiB: 1 } }),
    ],
    ["another user", "uid", (row, it) => withContainer(row, it, { uid: 10099 })],
    [
      "another health check",
      "ready",
      (row, it) => ({ ...row, workload: { ...it, health: { ...it.health, ready: it.health.live } } }),
    ],
    ["a forgotten dependency", "dependencies", (row) => ({ ...row, needs: [] })],
    ["another published port", "published", (row) => ({ ...row, published: [] })],
  ])("notices %s on one target", async (_what, field, change) => {
    const components = composablePlan.components.map((row) =>
      row.id === "app" && row.workload !== undefined ? change(row, row.workload) : row,
    );

    const observed = await observe(composablePlan, { ...composablePlan, components });

    const unexplained = observed.filter((row) => explanations(row).length === 0);
    expect(unexplained.map((row) => `${row.unit} ${row.field}`)).toEqual([`app ${field}`]);
  });
});

function withContainer(component: Component, workload: Workload, change: Partial<Workload["container"]>): Component {
  return { ...component, workload: { ...workload, container: { ...workload.container, ...change } } };
}

describe("the written list of differences", () => {
  it("has no entry that a comparison never shows", async () => {
    const observed = [...(await observe(composablePlan)), ...(await observe(referencePlan("standard")))];
    const shown = new Set(observed.map((row) => row.field));
    const unused = targetDifferences.filter(({ field }) => field !== undefined && !shown.has(field));

    expect(unused.map((row) => row.id)).toEqual([]);
  });

  it("is the page of the documentation", async () => {
    await expect(parityPage()).toMatchFileSnapshot("../../../docs/parity.md");
  });
});
