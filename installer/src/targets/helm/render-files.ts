import { renderHelm } from "../../render/helm/render-helm.ts";
import type { RendererAssets, RenderFiles } from "../render-files.ts";
import type { RenderedFile } from "../../render/rendered-file.ts";

/** The generic chart with its values, and the Secrets that must exist before it is applied. */
export const renderFiles: RenderFiles = (plan, assets) => [...renderHelm(plan).files, ...chartFiles(assets)];

/** The chart is the same for every install; it is written beside its values. */
function chartFiles(assets: RendererAssets): readonly RenderedFile[] {
  return assets
    .listBelow("charts/platform")
    .map((path) => ({ path: path.replace(/^charts\//, ""), contents: [assets.readText(path)], secret: false }));
}
