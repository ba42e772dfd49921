import type { CollectorList, SupportBundleReport } from "../../actions/support/support-request.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import { shellWord } from "../../platform/shell-quote.ts";
import { printable } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

/** What is in the file, what is missing, and how to look into it before it goes anywhere. */
export function formatSupportBundle(result: SupportBundleReport, style: Style): string {
  const { files, missed, path, bytes, secretsMissing } = result;
  const removed = files.flatMap(({ redactions }) => Object.values(redactions)).reduce((sum, count) => sum + count, 0);
  const cut = files.filter(({ cutBytes }) => cutBytes > 0);
  return [
    ...(path === undefined ? files.map((file) => `${formatBytes(file.bytes).padStart(10)}  ${file.path}`) : []),
    ...missed.map(({ collector, subject, reason }) => {
      const what = subject === undefined ? collector : `${collector}, ${subject}`;
      return `${style.warn("missing")} ${printable(what)}: ${printable(reason)}`;
    }),
    ...(cut.length === 0
      ? []
      : [`of ${cut.map((file) => file.path).join(", ")} only the newest part is kept: more with a later --since`]),
    ...(secretsMissing.length === 0
      ? []
      : [style.warn(`these secrets are gone and could not be looked for: ${secretsMissing.join(", ")}`)]),
    `${files.length} files; taken out in ${removed} places: secrets, and what looks like one`,
    ...(path === undefined ? ["nothing was written"] : written(path, bytes ?? 0, style)),
  ].join("\n");
}

function written(path: string, bytes: number, style: Style): readonly string[] {
  const file = shellWord(path);
  return [
    style.good(`wrote ${path} (${formatBytes(bytes)}), and found none of its secrets in it`),
    "nothing was sent anywhere: look into it first, then give it to whoever helps",
    `    tar -tzf ${file}`,
    `    tar -xzOf ${file} --wildcards '*/manifest.json' | less`,
  ];
}

/** Every collector with what it is about, in so many columns of a terminal. */
export function formatCollectors(result: CollectorList, style: Style, columns?: number): string {
  return formatTable(
    ["COLLECTOR", "HOLDS", "WHY"],
    result.collectors.map(({ id, holds, why }) => [id, holds, why]),
    style,
    columns,
  );
}
