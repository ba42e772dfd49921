import { UsageError } from "../errors/installer-error.ts";
import { rendererNames } from "./names.ts";
import type { RenderFiles } from "./render-files.ts";

const renderers: Readonly<Record<string, () => Promise<RenderFiles>>> = {
  compose: async () => (await import("./compose/render-files.ts")).renderFiles,
  helm: async () => (await import("./helm/render-files.ts")).renderFiles,
};

/**
 * The renderer of a target, loaded when asked for.
 * @throws UsageError for a name no target has
 */
export async function openRenderer(name: string): Promise<RenderFiles> {
  const open = renderers[name];
  if (open !== undefined) return open();
  throw new UsageError(`there is no target ${name}`, { hint: `targets are ${rendererNames.join(", ")}` });
}
