import { expect, test } from "vitest";
import { fixturePlan } from "../../../test/support/fixture-plan.ts";
import type { Plan } from "../../plan/model.ts";
import { storeId } from "../../render/rendering.ts";
import { movedStores, storesToKeep } from "./stores-to-keep.ts";

const before = fixturePlan({ name: "p", form: 1 });
const after = fixturePlan({ name: "p", form: 2 });

/** The store's volume, and another of it. */
function withVolume(plan: Plan, more: object): Plan {
  const components = plan.components.map((component) => {
    const [first] = component.volumes;
    return first === undefined ? component : { ...component, volumes: [first, { ...first, name: "more", ...more }] };
  });
  return { ...plan, components };
}

const kept = (plan: Plan, then: Plan): readonly string[] => storesToKeep(plan, then).map(storeId);

test("nothing is kept where no program with data is another", () => {
  expect(kept(before, fixturePlan({ name: "p", form: 1, greeting: "other" }))).toEqual([]);
});

test("caches are kept, too: an older program may not read what a newer one wrote into them", () => {
  expect(kept(withVolume(before, { dataClass: "ephemeral" }), after)).toEqual(["store/data", "store/more"]);
});

test("backups in a directory of a person's own are not, for none of them may be taken back", () => {
  expect(kept(withVolume(before, { dataClass: "ephemeral", directory: "/backups" }), after)).toEqual(["store/data"]);
});

test("data in a directory of a person's own is", () => {
  expect(kept(withVolume(before, { dataClass: "backup", directory: "/data" }), after)).toEqual([
    "store/data",
    "store/more",
  ]);
});

test("a store that moves to another directory is named", () => {
  const [here, there] = ["/a", "/b"].map((directory) => withVolume(before, { directory }));

  expect(movedStores(here ?? before, there ?? before)).toEqual(["store/more"]);
  expect(movedStores(here ?? before, here ?? before)).toEqual([]);
});
