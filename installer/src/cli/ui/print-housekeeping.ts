import type { RegistryHousekeepingResult } from "../../actions/housekeeping/registry.ts";
import type { Style } from "./style.ts";

/** What was removed, or would be. */
export function formatRegistryHousekeeping(result: RegistryHousekeepingResult, style: Style): string {
  const { dryRun, blobs, images, keptBlobs, heldSeconds } = result;
  const kept = `${keptBlobs} blobs are in use`;
  if (blobs === 0 && images === 0) return `nothing to remove: ${kept}`;
  const what = `${blobs} blobs${images === 0 ? "" : ` and ${images} images without a tag`}`;
  return dryRun
    ? `${style.warn("would be removed")}: ${what}; ${kept}`
    : `${style.good("removed")}: ${what}; ${kept}; pushes waited for ${heldSeconds} s`;
}
