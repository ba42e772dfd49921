import { describe, expect, it } from "vitest";
import { componentsToLeaveOut } from "./provide-from-bundle.ts";

const reader = (without: readonly string[]) =>
  ({ name: "bundle b.tar", complete: { without } }) as unknown as Parameters<typeof componentsToLeaveOut>[1];
const lacks = (reference: string, ...components: readonly string[]) => ({ reference, components, reason: "not there" });

describe("components whose images a bundle does not have", () => {
  it("are left out when it was made without them", () => {
    const found = [lacks("docker.io/casbin/casdoor:3", "casdoor")];

    expect(componentsToLeaveOut(found, reader(["casdoor"]))).toEqual(["casdoor"]);
  });

  it("are none when nothing lacks", () => {
    expect(componentsToLeaveOut([], reader(["casdoor"]))).toEqual([]);
  });

  it("are an error when it should have them: a platform is never made smaller by a bundle of another kind", () => {
    const found = [lacks("docker.io/slipway/postgres:1", "postgres"), lacks("docker.io/casbin/casdoor:3", "casdoor")];

    expect(() => componentsToLeaveOut(found, reader(["casdoor"]))).toThrow(
      expect.objectContaining({
        code: "BUNDLE_INVALID",
        details: ["docker.io/slipway/postgres:1 (postgres)"],
        hint: expect.stringContaining("--without postgres") as string,
      }),
    );
  });
});
