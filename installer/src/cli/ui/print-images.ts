import type { ImagesBuildResult, ImagesListResult } from "../../actions/images/images.ts";
import { formatMilliseconds } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** Every image with whether the engine has it. */
export function formatImages(result: ImagesListResult, style: Style): string {
  return formatTable(
    ["IMAGE", "SOURCE", "PRESENT", "REFERENCE", "USED BY"],
    result.images.map((image) => [
      image.name,
      image.kind,
      image.present ? { text: "yes", paint: style.good } : { text: "no", paint: style.warn },
      image.reference,
      image.usedBy.join(" ") || "-",
    ]),
    style,
  );
}

/** Which images were built and which were there. */
export function formatBuilt(result: ImagesBuildResult, style: Style): string {
  const built = result.images.filter((image) => image.state === "built");
  const present = result.images.length - built.length;
  if (built.length === 0) return `${present} images are there already; nothing to build`;
  const lines = built.map((image) => `  ${image.reference}`);
  return [
    `${style.good("built")} ${built.length} in ${formatMilliseconds(result.ms)}, ${present} were there`,
    ...lines,
  ].join("\n");
}
