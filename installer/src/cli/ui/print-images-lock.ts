import type { ImagesLockResult } from "../../actions/images/images-lock.ts";
import { formatMilliseconds } from "./format.ts";
import type { Style } from "./style.ts";

/** The lock itself, or what was written where. */
export function formatLocked(result: ImagesLockResult, style: Style): string {
  if (result.output === undefined && result.checked === undefined) return result.text.trimEnd();
  const { images } = result.lock;
  const count = `${images.length - result.unresolved} images by digest, ${result.unresolved} unresolved`;
  if (result.checked !== undefined) return `${style.good("unchanged")} ${result.checked}: ${count}`;
  const unresolved = images.flatMap((image) =>
    "unresolved" in image ? [`  ${style.warn("unresolved")} ${image.reference}: ${image.unresolved}`] : [],
  );
  return [
    `${style.good("wrote")} ${result.output ?? ""} in ${formatMilliseconds(result.ms)}: ${count}`,
    ...unresolved,
    ...result.changes.map((change) => `  changed ${change}`),
  ].join("\n");
}
