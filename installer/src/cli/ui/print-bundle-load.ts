import type { BundleLoadResult } from "../../actions/bundle/bundle-load.ts";
import { formatMilliseconds } from "./format.ts";
import type { Style } from "./style.ts";

/** Which images the engine got. */
export function formatBundleLoaded(result: BundleLoadResult, style: Style): string {
  const loaded = result.images.filter((image) => image.state === "loaded");
  const present = result.images.length - loaded.length;
  const from = `${result.name} ${result.version}`;
  if (loaded.length === 0) {
    return `${present === 1 ? "the image" : `all ${present} images`} of ${from} asked for ${present === 1 ? "is" : "are"} there already; nothing was loaded`;
  }
  const count = loaded.length === 1 ? "1 image" : `${loaded.length} images`;
  return [
    `${style.good("loaded")} ${count} of ${from} in ${formatMilliseconds(result.ms)}, ${present} ${present === 1 ? "was" : "were"} there`,
    ...loaded.map((image) => `  ${image.reference}`),
  ].join("\n");
}
