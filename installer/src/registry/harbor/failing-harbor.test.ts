import { describe, expect, it } from "vitest";
import { errorOf } from "../../../test/support/error-of.ts";
import { closeHarbors, prepareAll, robot } from "./testing/harbor-world.ts";

closeHarbors();

const there = { projects: [{ name: "ai-infra" }] };
const everything = { immutable: true, retain: 2, robot };

describe("a Harbor that fails", () => {
  it.each([
    ["making the project ai-infra", /\/projects$/, {}],
    ["making the robot account pull", /\/robots$/, there],
    ["making tags of ai-infra immutable", /\/immutabletagrules$/, there],
    ["the retention of ai-infra", /\/retentions$/, there],
  ])("at %s is asked once, and it is not said to keep failing", async (what, path, more) => {
    const failed = await errorOf(() =>
      prepareAll({ harbor: { ...more, apiFault: { method: "POST", path, status: 500 } }, options: everything }),
    );
    const broken = await errorOf(() =>
      prepareAll({ harbor: { ...more, apiFault: { method: "POST", path } }, options: everything }),
    );

    expect(failed.message).toMatch(new RegExp(`^${what} on 127.*: Harbor failed \\(500\\)$`));
    expect(failed.hint).toMatch(/not asked again, so that nothing is made twice: look at the logs of its core service/);
    expect(broken.message).toMatch(new RegExp(`^${what} .*: the connection broke$`));
  });

  it("at a question is asked again, and said to keep failing", async () => {
    const apiFault = { method: "GET", path: /\/projects\/ai-infra$/, status: 500 };

    const error = await errorOf(() => prepareAll({ harbor: { ...there, apiFault } }));

    expect(error.message).toContain("Harbor keeps failing (500)");
  });
});
