import { describe, expect, it } from "vitest";
import { planOfEveryComponent } from "../../../test/support/every-component.ts";
import { infraPlan } from "../../../test/support/infra-plan.ts";
import { inventoryOf } from "./inventory.ts";

describe("what a backup holds", () => {
  it("is every store that cannot be made anew, but two that keep files and are said not to be in it", () => {
    const { copied, notCopied } = inventoryOf(planOfEveryComponent("oneHost"));

    expect([...copied].sort()).toEqual(["gitaly/repositories", "minio/data", "nats/data", "postgres/data"]);
    expect(notCopied.map(({ store }) => store).sort()).toEqual(["csghub-dataflow/data", "label-studio/data"]);
  });

  it("leaves out what is elsewhere, and says so", () => {
    const external = ["mode=external", "external.host=db.corp", "external.adminPassword=x"];
    const plan = infraPlan(external.map((set) => `postgres.${set}`));

    expect(inventoryOf(plan).notCopied).toEqual([
      { store: "postgres", reason: "it is elsewhere, and is backed up there" },
    ]);
  });
});
