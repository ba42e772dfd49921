import { expect, it } from "vitest";
import { profilePlan } from "../../../test/support/infra-plan.ts";

function settingsWith(...set: readonly string[]): string {
  const component = profilePlan("infra", set).components.find(({ id }) => id === "gitaly");
  const file = component?.workload?.container.files.find(({ path }) => path.endsWith("config.toml"));
  if (file?.contents.kind !== "text") throw new Error("Gitaly reads no config.toml");
  return file.contents.text.filter((part) => typeof part === "string").join("");
}

it("keeps repositories in order at night, of every storage it has", () => {
  expect(settingsWith()).toMatch(
    /\[daily_maintenance\]\nstart_hour = 4\nduration = "60m"\nstorages = \["default"\]\n$/,
  );
});

it("does so at the hour that was chosen, or never", () => {
  expect(settingsWith("gitaly.housekeeping.hour=22", "gitaly.housekeeping.minutes=180")).toMatch(
    /start_hour = 22\nduration = "180m"/,
  );
  expect(settingsWith("gitaly.housekeeping.minutes=0")).toMatch(/\[daily_maintenance\]\ndisabled = true\n$/);
});
