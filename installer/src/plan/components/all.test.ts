import { describe, expect, test } from "vitest";
import { findKey } from "../../values/describe-value.ts";
import { valuesSections } from "../values-sections.ts";
import { componentDefinitions } from "./all.ts";

describe("the component definitions", () => {
  test.each([
    ["ids", componentDefinitions.map(({ id }) => id)],
    ["sections", valuesSections().map(({ key }) => key)],
    ["names", componentDefinitions.flatMap(({ id, section }) => [id, ...(section?.aliases ?? [])])],
    ["listeners", valuesSections().flatMap(({ listener }) => listener?.id ?? [])],
    ["prefixes", valuesSections().flatMap(({ listener }) => listener?.prefix ?? [])],
    ["ports", valuesSections().flatMap(({ listener, ownPort }) => [listener?.port ?? [], ownPort ?? []].flat())],
  ])("share no %s", (_what, names) => {
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  test.each(valuesSections())("declare of $key what the schema has", ({ key, keepsData, external, asksForDisk }) => {
    const lacking = [
      `${key}.resources.memory`,
      ...(keepsData === true ? [`${key}.replicas`, `${key}.storage.size`] : []),
      ...(asksForDisk === true ? [`${key}.storage`] : []),
      ...[...(external?.required ?? []), ...(external?.secret ?? [])].map((name) => `${key}.external.${name}`),
    ].filter((path) => findKey(path.split(".")) === undefined);

    expect(lacking).toEqual([]);
  });
});
