import type { BundleLoadResult } from "../../actions/bundle-load.ts";
import { formatMilliseconds } from "./format.ts";
import type { Style } from "./style.ts";

/** Which images the engine got. */
export function formatBundleLoaded(result: BundleLoadResult, style: Style): string {
  const loaded = result.images.filter((image) => image.state === "loaded");
  const present = result.images.length - loaded.length;
  const from = `${result.name} ${result.version}`;
  if (loaded.length === 0) return `${present} images of ${from} are there already; nothing was loaded`;
  return [
    `${style.good("loaded")} ${loaded.length} images of ${from} in ${formatMilliseconds(result.ms)}, ${present} were there`,
    ...loaded.map((image) => `  ${image.reference}`),
  ].join("\n");
}
