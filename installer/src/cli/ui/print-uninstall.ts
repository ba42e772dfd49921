import type { UninstallResult } from "../../actions/uninstall/uninstall.ts";
import type { Style } from "./style.ts";

/** What was removed and what is still there. */
export function formatUninstall(result: UninstallResult, style: Style): string {
  const { removed, kept } = result;
  const counts = [
    `${removed.containers.length} containers`,
    `${removed.networks.length} networks`,
    `${removed.volumes.length} volumes`,
    ...removed.directories,
  ];
  const isEmpty = Object.values(removed).every((list) => list.length === 0);
  if (isEmpty && kept.volumes.length === 0 && kept.stateDir === undefined) {
    return `nothing named ${result.name} is installed; nothing was removed`;
  }
  const lines = [isEmpty ? "nothing to remove" : `${style.good("removed")}: ${counts.join(", ")}`];
  if (kept.volumes.length > 0)
    lines.push(`kept: ${kept.volumes.length} volumes with data (${kept.volumes.join(", ")})`);
  if (kept.stateDir !== undefined) lines.push(`kept: ${kept.stateDir} with values, secrets and records`);
  if (!result.purged) lines.push(style.dim("remove these too: slipway uninstall --purge"));
  return lines.join("\n");
}
