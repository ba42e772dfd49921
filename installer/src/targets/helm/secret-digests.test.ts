import { describe, expect, it } from "vitest";
import { samplePlan } from "../../../test/support/sample-plan.ts";
import { renderHelm } from "../../render/helm/render-helm.ts";
import { secretDigests } from "./secret-digests.ts";

const { secrets } = renderHelm(samplePlan);

function digests(values: Readonly<Record<string, string>> = {}, key = "00"): Readonly<Record<string, string>> {
  return secretDigests(secrets, (slot) => values[slot.name] ?? `first ${slot.name}`, key);
}

describe("secretDigests", () => {
  it("has one for each unit that reads a secret, from files or variables, and for nothing else", () => {
    expect(Object.keys(digests()).sort()).toEqual(["app", "store-init", "store-roles", "store-schema", "verify"]);
  });

  it("changes for exactly the units that read the changed secret", () => {
    const before = digests();
    const after = digests({ "store-app": "second" });

    expect(Object.keys(before).filter((unit) => before[unit] !== after[unit])).toEqual(["app"]);
  });

  it("tells nothing without the key", () => {
    expect(Object.values(digests({}, "01")).some((digest) => Object.values(digests()).includes(digest))).toBe(false);
    expect(JSON.stringify(digests())).not.toContain("first");
  });
});
