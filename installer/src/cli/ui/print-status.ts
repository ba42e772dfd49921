import type { ComponentStatus, StatusResult } from "../../actions/status/status.ts";
import { adviceOnAbsent, describeAbsent, describeFull } from "../../actions/status/describe-state.ts";
import type { BackupState } from "../../actions/backup/remembered.ts";
import { formatMilliseconds, formatMoment, formatSeconds, printable } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";
import type { Cell } from "./table.ts";

/** The live state as a table, with what is not installed, what drifted and what is foreign. */
export function formatStatus(status: StatusResult, style: Style): string {
  if (!status.installed) return formatAbsent(status, style);
  const lines = [formatHead(status, style)];
  lines.push(
    formatTable(
      ["COMPONENT", "STATE", "HEALTH", "UPTIME", "PORTS", "IMAGE"],
      status.components.map((component) => formatComponent(component, style)),
      style,
    ),
  );
  if (status.overall === "absent") lines.push(style.bad(`${describeAbsent}; ${adviceOnAbsent}`));
  if (status.changeSince !== undefined) {
    lines.push(
      style.bad(
        `the change begun at ${status.changeSince} is not complete: unless an install is at work, run the same slipway install again, with its -f and --set, to finish it`,
      ),
    );
  }
  for (const { state, message, hint } of status.secrets) {
    const paint = state === "gone" ? style.bad : style.warn;
    lines.push(paint(message), style.dim(`    ${hint}`));
  }
  lines.push(...status.full.map((full) => style.bad(describeFull(full))));
  if (status.backup !== undefined)
    lines.push(formatBackupState(status.backup, style), ...walLines(status.backup, style));
  lines.push(...status.urls.map((url) => `${url.title.en}: ${style.bold(url.url)}`));
  lines.push(...status.notInstalled.map((item) => style.warn(`not installed: ${item.title.en} (${item.reason})`)));
  for (const component of status.components) {
    lines.push(...component.drift.map((drift) => style.warn(`drift: ${component.id}: ${drift}`)));
  }
  lines.push(...status.foreign.map((name) => style.warn(`foreign container in this project: ${name}`)));
  return lines.join("\n");
}

/** What would be lost now, and how long it would take to be back: as it was measured. */
function formatBackupState({ last, lossSeconds = 0, late, proof, drill }: BackupState, style: Style): string {
  if (last === undefined) return style.bad("backup: there is none yet; slipway backup create makes one");
  const paint = late ? style.bad : style.good;
  const age = paint(`${formatSeconds(lossSeconds)} old`);
  const restored =
    drill !== undefined
      ? `the whole platform was back in ${formatMilliseconds(drill.ms)} (drill of ${formatMoment(new Date(drill.at))})`
      : proof === undefined
        ? style.warn("never restored: slipway backup verify --prove latest does it")
        : `databases were back in ${formatSeconds(proof.restoreSeconds)}; slipway backup drill measures the whole`;
  return `backup: ${last.id.slice(0, 8)}, ${age}; ${restored}`;
}

/** What of the databases would be lost now, where what they write is stored between backups. */
function walLines({ wal }: BackupState, style: Style): readonly string[] {
  if (wal === undefined) return [];
  const { lossSeconds, through, late, problem } = wal;
  const paint = late ? style.bad : style.good;
  const loss =
    lossSeconds === undefined
      ? paint("no moment can be brought back yet")
      : `${paint(`${formatSeconds(lossSeconds)} would be lost`)}; stored up to ${through ?? ""}`;
  return [`write-ahead log: ${loss}`, ...(problem === undefined ? [] : [style.warn(`    ${printable(problem)}`)])];
}

function formatAbsent({ name, elsewhere }: StatusResult, style: Style): string {
  if (elsewhere === undefined) return `${name}: not installed`;
  return [
    `${name}: ${style.bad("not installed here")}`,
    style.bad(elsewhere.message),
    style.dim(`    ${elsewhere.hint}`),
  ].join("\n");
}

function formatHead(status: StatusResult, style: Style): string {
  const paint = status.overall === "healthy" ? style.good : style.bad;
  const release = status.release === undefined ? "" : `, release ${status.release}`;
  const profile = status.profile === undefined ? "" : `, profile ${status.profile}`;
  return `${status.name}: ${paint(status.overall)}${profile}${release}, engine ${status.engine.version}`;
}

function formatComponent(component: ComponentStatus, style: Style): readonly Cell[] {
  const paint = component.ok ? style.good : style.bad;
  const state =
    component.exitCode === undefined || component.state === "running"
      ? component.state
      : `${component.state} (${component.exitCode})`;
  return [
    component.id,
    { text: state, paint },
    { text: component.health, paint },
    component.uptime ?? "-",
    component.ports.map((port) => `${port.address}:${port.hostPort}`).join(" ") || "-",
    component.image ?? "-",
  ];
}
