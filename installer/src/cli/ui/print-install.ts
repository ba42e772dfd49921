import type { InstallResult } from "../../actions/install/install-request.ts";
import { shortPlanHash } from "../../actions/plan/plan-hash.ts";
import { formatMilliseconds, printable } from "./format.ts";
import { formatChange, formatInside, formatRegistrations } from "./print-plan.ts";
import { formatVerify } from "./print-verify.ts";
import { formatTimings } from "./print-timings.ts";
import type { Style } from "./style.ts";

interface InstallSurroundings {
  readonly style: Style;
  readonly columns: number | undefined;
}

/** The end of an install: what was done, where things are, how to log in, what is not there. */
export function formatInstall(result: InstallResult, { style, columns }: InstallSurroundings): string {
  const lines: string[] = [];
  if (result.dryRun) return formatDryRun(result, style);
  if (result.timings !== undefined) lines.push(formatTimings(result.timings, style), "");
  if (result.verify !== undefined) lines.push(formatVerify(result.verify, style, columns), "");
  lines.push(
    result.changed
      ? style.good(
          `${result.name} is installed and healthy (release ${result.release}, ${formatMilliseconds(result.ms)})`,
        )
      : style.good(`${result.name} is up to date; nothing was changed (${formatMilliseconds(result.ms)})`),
  );
  lines.push(...formatRepaired(result, style), ...formatInside(result, style));
  const width = Math.max(0, ...result.urls.map((url) => url.title.en.length));
  lines.push(...result.urls.map((url) => `  ${url.title.en.padEnd(width)}  ${style.bold(url.url)}`));
  lines.push(
    result.firstPassword === undefined
      ? style.dim("  no login component installed")
      : `  ${result.firstPassword.title.en}: log in as ${style.bold(result.firstPassword.user)}; the first password: ${result.firstPassword.command}`,
  );
  lines.push(...formatRegistrations(result, style));
  if (result.bundle !== undefined) lines.push(style.dim(formatBundle(result.bundle)));
  if (result.egress !== undefined) lines.push(formatEgress(result.egress, style));
  lines.push(...result.notInstalled.map((item) => style.warn(`  not installed: ${item.title.en} (${item.reason})`)));
  return lines.join("\n");
}

function formatRepaired({ repaired = [] }: InstallResult, style: Style): readonly string[] {
  return repaired.flatMap(({ component, changes }) => [
    style.good(`  set right inside ${component}:`),
    ...changes.map((change) => style.dim(`    ${printable(change)}`)),
  ]);
}

function formatBundle({ name, version, trust }: NonNullable<InstallResult["bundle"]>): string {
  return `  images from ${name} ${version}, ${trust === "signed" ? "signed by a trusted key" : "not checked for who made it"}`;
}

function formatEgress({ refused }: NonNullable<InstallResult["egress"]>, style: Style): string {
  if (refused.length === 0) return style.dim("  no connection was tried elsewhere");
  return style.warn(`  refused connections: ${refused.join(", ")}`);
}

function formatDryRun(result: InstallResult, style: Style): string {
  const changes = result.changes.filter((change) => change.action !== "unchanged");
  return [
    ...changes.map((change) => formatChange(change, style)),
    ...formatInside(result, style),
    changes.length === 0 ? style.good("no changes") : `${changes.length} changes; nothing was done (--dry-run)`,
    `plan ${shortPlanHash(result.planHash)}`,
  ].join("\n");
}
