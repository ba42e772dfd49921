import { readFileSync } from "node:fs";
import { buildPlan, type PlanRequest } from "../../src/plan/build-plan.ts";
import type { ImageTable } from "../../src/plan/define.ts";
import type { Plan } from "../../src/plan/model.ts";
import { loadValues } from "../../src/values/load-values.ts";
import type { Values } from "../../src/values/values.generated.ts";
import { valuesSections } from "../../src/plan/values-sections.ts";

const root = new URL("../../../", import.meta.url);

function readText(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** Image references that do not change when an image does, so that golden files show the plan and nothing else. */
export const fixedImages: ImageTable = {
  ...Object.fromEntries(
    [
      "postgres",
      "valkey",
      "minio",
      "nats",
      "gitaly",
      "gitlab-shell",
      "registry",
      "temporal",
      "temporal-ui",
      "gateway",
      "toolbox",
    ].map((name) => [name, { reference: `slipway/${name}:0000000000000000`, source: "built" } as const]),
  ),
  casdoor: { reference: "casbin/casdoor:3.62.0", source: "third-party" },
  "csghub-server": { reference: "opencsghq/csghub-server:v2.4.0-ce", source: "third-party" },
  "csghub-dataflow": { reference: "opencsghq/dataflow:v2.4.0-api", source: "third-party" },
  "label-studio": { reference: "opencsghq/label-studio:v2.4.0", source: "third-party" },
  "csghub-portal": { reference: "opencsghq/csghub-portal:v2.4.0-ce", source: "third-party" },
};

/** Values of the infra profile with `--set` arguments and the text of a user's file on top. */
export function infraValues(sets: readonly string[] = [], file?: string): Values {
  return profileValues("infra", sets, file);
}

export function profileValues(profile: string, sets: readonly string[], file?: string): Values {
  return loadValues(
    {
      defaults: { name: "defaults", text: readText("values/values.yaml") },
      profile: { name: profile, text: readText(`values/profiles/${profile}.yaml`) },
      files: file === undefined ? [] : [{ name: "values.yaml", text: file }],
      sets,
    },
    valuesSections(),
  ).values;
}

/** The plan of the infra profile. */
export function infraPlan(sets: readonly string[] = [], file?: string): Plan {
  return profilePlan("infra", sets, file);
}

/** The plan of a profile. */
export function profilePlan(
  profile: string,
  sets: readonly string[] = [],
  file?: string,
  more: Pick<PlanRequest, "isolated" | "restore"> = {},
): Plan {
  return buildPlan({
    ...more,
    values: profileValues(profile, sets, file),
    images: fixedImages,
    name: "slipway",
    profile,
    version: "0.0.0",
  });
}
