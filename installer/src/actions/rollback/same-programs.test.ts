import { expect, test } from "vitest";
import { fixturePlan } from "../../../test/support/fixture-plan.ts";
import type { Revision } from "../../execute/history/revisions.ts";
import type { Install } from "../../execute/state/install.ts";
import type { Component, Plan } from "../../plan/model.ts";
import { requireSamePrograms } from "./same-programs.ts";

const plan = fixturePlan({ name: "p" });

/** The plan with another image of one component. */
function moved(id: string, more: Partial<Component> = {}): Plan {
  const components = plan.components.map((component) => {
    if (component.id !== id || component.workload === undefined) return component;
    const { workload } = component;
    const image = { ...workload.container.image, reference: "slipway/other:2" };
    return { ...component, ...more, workload: { ...workload, container: { ...workload.container, image } } };
  });
  return { ...plan, components };
}

const goBack = (to: Plan, now: Plan, pendingPlan?: Plan) => () =>
  requireSamePrograms({ revision: 3, plan: to } as Revision, { plan: now, pendingPlan } as Install);

test("data is not handed back to another program than wrote it last", () => {
  expect(goBack(plan, moved("store"))).toThrow(
    "store runs with another program than at revision 3, which may not read the data of today",
  );
});

test("a change that did not end well may have handed it over already", () => {
  expect(goBack(plan, plan, moved("store"))).toThrow("store runs with another program");
});

test("what has its data in another's database brings that to its own form, too", () => {
  const database = { name: "app", owner: "app" } as unknown as Component["databases"][number];
  const withDatabase = moved("app", { databases: [database] });

  expect(goBack(withDatabase, plan)).toThrow("app runs with another program");
});

test("a program without data may be any, and so may one that is gone", () => {
  const withoutStore = { ...plan, components: plan.components.filter(({ id }) => id !== "store") };

  expect(goBack(plan, moved("web"))).not.toThrow();
  expect(goBack(plan, plan)).not.toThrow();
  expect(goBack(plan, withoutStore)).not.toThrow();
});
