import type { Plan } from "../plan/model.ts";
import type { RenderedFile } from "../render/rendered-file.ts";

/** Files of the program, as far as renderers use them. */
export interface RendererAssets {
  readText(path: string): string;
  listBelow(path: string): readonly string[];
}

/** Everything that `slipway render` writes for one target. */
export type RenderFiles = (plan: Plan, assets: RendererAssets) => readonly RenderedFile[];
