import type { BundleDiffResult } from "../../actions/bundle/bundle-diff.ts";
import type { ArtifactChange, Change, ImageChange, PackageChange } from "../../bundle/diff.ts";
import { shortDigest } from "../../oci/digest.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import { printable } from "./format.ts";
import type { Style } from "./style.ts";
import { type Cell, formatTable } from "./table.ts";

const marks: Readonly<Record<Change, string>> = { added: "+", removed: "-", changed: "~", unchanged: "=" };

/** What changes from one bundle to another, image by image. */
export function formatBundleDiff(result: BundleDiffResult, style: Style, columns: number | undefined): string {
  const { from, to, bytes } = result;
  const head = `${from.name} ${from.version} (${shortDigest(from.root)}) to ${to.name} ${to.version} (${shortDigest(to.root)})`;
  if (result.same) return `${head}: the same bundle`;
  const changed = result.images.filter(({ change }) => change !== "unchanged");
  const programs = result.artifacts.filter(({ change }) => change !== "unchanged");
  return [
    head,
    `new ${formatBytes(bytes.added)}, gone ${formatBytes(bytes.removed)}, shared ${formatBytes(bytes.shared)}`,
    ...(changed.length === 0 ? [] : ["", formatImages(changed, style, columns)]),
    ...(programs.length === 0 ? [] : ["", formatPrograms(programs, style)]),
    ...changed.flatMap((image) => formatPackages(image, style)),
    ...(changed.length + programs.length > 0 ? [] : ["", "images and programs are the same; other files differ"]),
  ].join("\n");
}

function formatImages(images: readonly ImageChange[], style: Style, columns: number | undefined): string {
  return formatTable(
    ["IMAGE", "CHANGE", "NEW BYTES", "LAYERS", "PACKAGES", "DIGEST"],
    images.map(({ name, change, layers, packages, from, to }) => [
      name,
      paint(change, change, style),
      formatBytes(layers.added.reduce((sum, layer) => sum + layer.bytes, 0)),
      `+${layers.added.length} -${layers.removed.length} =${layers.shared}`,
      packages === undefined ? "not known" : countChanges(packages),
      [from, to].flatMap((side) => (side === undefined ? [] : [shortDigest(side.digest)])).join(" > "),
    ]),
    style,
    columns,
  );
}

function countChanges(packages: readonly PackageChange[]): string {
  const count = (wanted: Change): number => packages.filter(({ change }) => change === wanted).length;
  return `+${count("added")} -${count("removed")} ~${count("changed")}`;
}

function formatPrograms(programs: readonly ArtifactChange[], style: Style): string {
  return formatTable(
    ["PROGRAM", "PLATFORM", "CHANGE", "VERSION", "SIZE"],
    programs.map(({ name, platform, change, from, to }) => [
      name,
      platform ?? "any",
      paint(change, change, style),
      [...new Set([from, to].flatMap((side) => (side === undefined ? [] : [side.version])))].join(" > "),
      formatBytes((to ?? from)?.bytes ?? 0),
    ]),
    style,
  );
}

function formatPackages({ name, change, packages = [] }: ImageChange, style: Style): readonly string[] {
  // Of an image that is new or gone every package is: the count above says enough.
  if (change !== "changed" || packages.length === 0) return [];
  return [
    "",
    style.bold(`packages of ${name}`),
    ...packages.map((entry) => {
      const versions = [entry.from, entry.to].filter((side) => side.length > 0).map((side) => side.join(", "));
      const { text, paint: color } = paint(marks[entry.change], entry.change, style);
      return `  ${color(text)} ${entry.type} ${printable(entry.name)} ${printable(versions.join(" > "))}`;
    }),
  ];
}

function paint(text: string, change: Change, style: Style): Exclude<Cell, string> {
  const colors = { added: style.good, removed: style.bad, changed: style.warn, unchanged: style.dim } as const;
  return { text, paint: colors[change] };
}
