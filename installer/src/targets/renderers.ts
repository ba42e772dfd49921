import { UsageError } from "../errors/installer-error.ts";
import { rendererNames } from "./names.ts";
import type { TargetRules } from "./target.ts";

const renderers: Readonly<Record<string, () => Promise<TargetRules>>> = {
  compose: async () => (await import("./compose/rules.ts")).rules,
  helm: async () => (await import("./helm/rules.ts")).rules,
};

/**
 * The rules of a target by which files are rendered, loaded when asked for.
 * @throws UsageError for a name no target has
 */
export async function openRenderer(name: string): Promise<Pick<TargetRules, "render">> {
  const open = renderers[name];
  if (open !== undefined) return open();
  throw new UsageError(`there is no target ${name}`, { hint: `targets are ${rendererNames.join(", ")}` });
}
