import { beforeAll, describe, expect, it } from "vitest";
import type { Plan } from "../../src/plan/model.ts";
import { renderCompose } from "../../src/render/compose/render-compose.ts";
import { renderHelm } from "../../src/render/helm/render-helm.ts";
import { parityPage, targetDifferences } from "../../src/render/helm/target-differences.ts";
import { templatePlan } from "../support/helm.ts";
import { infraPlan } from "../support/infra-plan.ts";
import { composeUnits } from "../support/parity-compose.ts";
import { helmUnits } from "../support/parity-helm.ts";
import { compareUnits, type Observed } from "../support/parity-unit.ts";
import { samplePlan } from "../support/sample-plan.ts";

/** The sample without what Compose refuses: a second copy, and a secret in the environment. */
const composablePlan: Plan = {
  ...samplePlan,
  components: samplePlan.components.map((component) => {
    const { workload } = component;
    if (workload === undefined) return component;
    const env = workload.container.env.filter((variable) => variable.secretReason === undefined);
    return { ...component, workload: { ...workload, replicas: 1, container: { ...workload.container, env } } };
  }),
};

async function observe(plan: Plan): Promise<readonly Observed[]> {
  const compose = composeUnits(renderCompose(plan));
  const helm = helmUnits(await templatePlan(plan), renderHelm(plan));
  return compareUnits(
    compose,
    helm,
    plan.listeners.map((listener) => listener.host),
  );
}

function explanations({ unit, field }: Observed): readonly string[] {
  return targetDifferences.filter((row) => row.field === field && (row.unit ?? unit) === unit).map((row) => row.id);
}

describe.each([
  ["a plan with every field", composablePlan],
  ["the infra profile by domain with TLS", infraPlan(["domain=platform.example.org"])],
  ["the infra profile on localhost", infraPlan()],
])("Compose and Helm renderings of %s", (_name, plan) => {
  let observed: readonly Observed[];
  beforeAll(async () => {
    observed = await observe(plan);
  });

  it("differ only where the written list says so", () => {
    const unexplained = observed.filter((row) => explanations(row).length === 0);

    expect(unexplained).toEqual([]);
  });

  it("carry the same components and jobs", () => {
    const missing = observed.filter((row) => row.field === "presence").map((row) => row.unit);

    expect(missing).toEqual(["gateway"]);
  });
});

describe("the written list of differences", () => {
  it("has no entry that a comparison never shows", async () => {
    const shown = new Set((await observe(composablePlan)).map((row) => row.field));
    // Both only show on a gateway, whose presence already differs, or on an address inside a document.
    const elsewhere = new Set(["published", "gateway-address"]);

    const unused = targetDifferences.filter(
      ({ field }) => field !== undefined && !shown.has(field) && !elsewhere.has(field),
    );

    expect(unused.map((row) => row.id)).toEqual([]);
  });

  it("is the page of the documentation", async () => {
    await expect(parityPage()).toMatchFileSnapshot("../../../docs/parity.md");
  });
});
