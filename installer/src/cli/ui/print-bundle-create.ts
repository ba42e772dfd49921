import type { BundleCreateResult } from "../../actions/bundle/create-request.ts";
import type { BundleFlattenResult } from "../../actions/bundle/bundle-flatten.ts";
import { shortDigest } from "../../oci/digest.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import { formatMilliseconds } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** What a bundle holds and how it came about. */
export function formatBundleCreated(result: BundleCreateResult, style: Style): string {
  const table = formatTable(
    ["IMAGE", "SIZE", "DIGEST", "FROM"],
    result.images.map((image) => [image.reference, formatBytes(image.bytes), shortDigest(image.digest), image.source]),
    style,
  );
  const verb = result.dryRun ? "would write" : style.good("wrote");
  const what = `${result.name} ${result.version}${result.content === "delta" ? " (delta)" : ""}`;
  const took = result.dryRun ? "" : ` in ${formatMilliseconds(result.ms)}`;
  return [
    table,
    "",
    `${verb} ${what} for ${result.platforms.join(", ")}: ${formatBytes(result.bytes)}${took}`,
    ...result.files.map((file) => `  ${file}`),
    ...(result.resumedBytes > 0 ? [`${formatBytes(result.resumedBytes)} were there from a run before`] : []),
    ...(result.without.length > 0 ? [`without ${result.without.join(", ")}: an install from it has them off`] : []),
    [
      result.signed ? "signed" : style.warn("not signed"),
      ...(result.root === undefined ? [] : [`root ${result.root}`]),
    ].join("; "),
    ...(result.dryRun ? [] : nextSteps(result)),
  ].join("\n");
}

/** The header names a bundle in parts; the other side finds its steps in the bundle. */
function nextSteps({ files, output, signed }: BundleCreateResult): readonly string[] {
  const name = files.find((file) => file.endsWith(".split.json")) ?? output;
  const trust = signed ? "--key NAME.pub" : "--allow-unsigned";
  return [
    `next: slipway bundle verify ${name} ${trust}`,
    ...(signed ? ["      NAME.pub must reach the other side by another way than the bundle"] : []),
  ];
}

/** The full bundle that was put together. */
export function formatBundleFlattened(result: BundleFlattenResult, style: Style): string {
  return [
    `${style.good("wrote")} ${result.name} ${result.version}: ${formatBytes(result.bytes)}`,
    `  ${result.output}`,
    `root ${result.root}`,
  ].join("\n");
}
