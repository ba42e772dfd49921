import { expect, test } from "vitest";
import { fixturePlan } from "../../test/support/fixture-plan.ts";
import type { Component } from "../plan/model.ts";
import { describeChanges, settingsChanges } from "./plan-diff.ts";

const app = (options: Partial<Parameters<typeof fixturePlan>[0]> = {}): Component =>
  fixturePlan({ name: "x", ...options }).components.find(({ id }) => id === "app")!;

function with_(
  component: Component,
  change: (container: NonNullable<Component["workload"]>["container"]) => object,
): Component {
  const workload = component.workload!;
  return {
    ...component,
    workload: { ...workload, container: { ...workload.container, ...change(workload.container) } },
  };
}

test("a component that was not there is new, and an equal one has no changes", () => {
  expect(describeChanges(undefined, app())).toEqual(["new"]);
  expect(describeChanges(app(), app())).toEqual([]);
});

test("a changed field shows with its old and new value", () => {
  const bigger = with_(app(), (container) => ({ resources: { ...container.resources, memoryMiB: 1024 } }));

  expect(describeChanges(app(), bigger)).toEqual(["resources.memoryMiB 64 → 1024"]);
  expect(describeChanges(app(), app({ greeting: "ciao" }))).toEqual(["env[GREETING].value hello → ciao"]);
});

test("an added item does not shift the others", () => {
  const more = with_(app(), (container) => ({ env: [{ name: "AAA", value: ["1"] }, ...container.env] }));

  expect(describeChanges(app(), more)).toEqual(["env[AAA] added: 1"]);
  expect(describeChanges(more, app())).toEqual(["env[AAA] removed: 1"]);
});

test("changed contents of a file are named, not shown, and the order of keys is no change", () => {
  const rewritten = with_(app(), (container) => ({
    files: container.files.map((file) => ({ ...file, contents: { kind: "text", text: ["new"] } })),
  }));
  const reordered = JSON.parse(
    JSON.stringify(app(), (_key, value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? Object.fromEntries(Object.entries(value).toReversed())
        : value,
    ),
  ) as Component;

  expect(describeChanges(app(), rewritten)).toEqual(["files[/etc/app/config.json] old contents → new contents"]);
  expect(describeChanges(reordered, app())).toEqual([]);
});

test("settings that touch every component are told once", () => {
  const before = fixturePlan({ name: "x" });
  const after = { ...before, settings: { ...before.settings, timezone: "Asia/Shanghai" } };

  expect(settingsChanges(before, after)).toEqual(["settings.timezone UTC → Asia/Shanghai"]);
  expect(settingsChanges(undefined, after)).toEqual([]);
});
