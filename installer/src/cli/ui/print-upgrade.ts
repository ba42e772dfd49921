import type { OpenUpgrade, UpgradeUndoneResult } from "../../actions/upgrade/undo-upgrade.ts";
import type { UpgradeAcceptResult } from "../../actions/upgrade/accept-upgrade.ts";
import type { UpgradeResult } from "../../actions/upgrade/upgrade.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import { formatMilliseconds } from "./format.ts";
import { formatChange } from "./print-plan.ts";
import { formatVerify } from "./print-verify.ts";
import type { Style } from "./style.ts";

interface Surroundings {
  readonly style: Style;
  readonly columns: number | undefined;
}

/** What it took the platform to, what is kept, and what to do next. */
export function formatUpgrade(result: UpgradeResult, { style, columns }: Surroundings): string {
  const { name, from, to, kept } = result;
  if (from === to) return style.good(`${name} is of version ${to} already; slipway install applies other values`);
  const lines: string[] = [];
  if (result.verify !== undefined) lines.push(formatVerify(result.verify, style, columns), "");
  const changes = result.changes.filter(({ action }) => action !== "unchanged");
  if (result.dryRun) {
    lines.push(...changes.map((change) => formatChange(change, style)));
    if (kept !== undefined) lines.push(describeKept(kept));
    lines.push(`${name} would be taken from ${from} to ${to}; nothing was done (--dry-run)`);
    return lines.join("\n");
  }
  if (result.rehearsedMs !== undefined) {
    lines.push(`rehearsed with the newest backup in ${formatMilliseconds(result.rehearsedMs)}`);
  }
  lines.push(
    style.good(
      `${name} was taken from ${from} to ${to} (revision ${result.revision}, ${formatMilliseconds(result.ms)})`,
    ),
  );
  if (kept === undefined) return lines.join("\n");
  lines.push(
    `${describeKept(kept)}; what people write from now on is lost by going back`,
    "when all is well: slipway upgrade --accept    to go back: slipway rollback",
  );
  return lines.join("\n");
}

function describeKept({ stores, bytes }: NonNullable<UpgradeResult["kept"]>): string {
  if (stores.length === 0) return "no data is copied: no program that has any is another than before";
  const size = bytes === undefined ? "" : ` (${formatBytes(bytes)})`;
  return `kept to go back to: ${stores.join(", ")}${size}`;
}

/** That there is no going back any more. */
export function formatAccepted({ name, from, to }: UpgradeAcceptResult, style: Style): string {
  return style.good(`the upgrade of ${name} from ${from} to ${to} is accepted; what was kept is removed`);
}

/** What going back from an upgrade costs, before it is agreed to. */
export function formatOpenUpgrade(name: string, { from, to, loses, losesSince }: OpenUpgrade): string {
  const changes = loses ? "no data is put back, and changes since are undone" : "no data is put back";
  const cost = losesSince === undefined ? changes : `everything written since ${losesSince} is lost`;
  return `${name} would go back from ${to} to ${from}: ${cost}`;
}

/** What is back. */
export function formatUndone({ name, from, to, lostSince, ms }: UpgradeUndoneResult, style: Style): string {
  const data = lostSince === undefined ? "" : `, with its data as of ${lostSince}`;
  return style.good(`${name} is back from ${to} at ${from}${data} (${formatMilliseconds(ms)})`);
}
