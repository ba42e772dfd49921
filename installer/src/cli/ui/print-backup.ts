import type { Proof } from "../../../../toolbox/src/backup/backup-events.ts";
import type { BackupCreateResult, BackupListResult, BackupVerifyResult } from "../../actions/backup/backup.ts";
import type { RestoreResult } from "../../actions/backup/restore.ts";
import type { RestorePartResult } from "../../actions/backup/restore-part.ts";
import type { BackupDrillResult } from "../../actions/backup/drill.ts";
import { formatBytes } from "../../oci/format-bytes.ts";
import { formatMilliseconds, formatMoment, formatSeconds, printable } from "./format.ts";
import type { Style } from "./style.ts";
import { formatTable } from "./table.ts";

const shortId = (id: string): string => id.slice(0, 8);

/** What was copied, how long deletes had to wait, and what the proof read. */
export function formatBackup(result: BackupCreateResult, style: Style): string {
  const { backup, bytes, addedBytes, stores, heldSeconds, proof, ms } = result;
  return [
    `${style.good("made")}: backup ${shortId(backup)}, ${formatBytes(bytes)}, ${formatBytes(addedBytes)} more than before, in ${formatMilliseconds(ms)}`,
    ...stores.map(
      ({ store, items, bytes: size, changedBytes }) =>
        `  ${store}: ${items} copied, ${formatBytes(size)}, of which ${formatBytes(changedBytes)} new`,
    ),
    `  deletes waited ${formatSeconds(heldSeconds)}`,
    proof === undefined
      ? style.warn("not restored yet: slipway backup verify --prove latest does it")
      : `${style.good("restored")} to a scratch place in ${formatSeconds(proof.restoreSeconds)}: ${proof.databases.length} databases, ${rowsOf(proof.databases)} rows read`,
    ...referencesOf(proof),
  ].join("\n");
}

/** How many references of a backup were followed, all of which lead somewhere: a proof fails otherwise. */
function referencesOf(proof: Proof | undefined): readonly string[] {
  const { audit } = proof ?? {};
  if (audit === undefined) return [];
  const orphans =
    audit.orphans === 0 ? "" : `; ${audit.orphans} repositories belong to nobody, a restore sets them aside`;
  const followed = Object.values(audit.references).reduce((sum, count) => sum + count, 0);
  return [`  ${followed} references resolve${orphans}`];
}

function rowsOf(databases: readonly { readonly rows: number }[]): number {
  return databases.reduce((sum, { rows }) => sum + rows, 0);
}

/** A line for each backup, the newest last. */
export function formatBackups(
  { backups }: BackupListResult,
  now: Date,
  style: Style,
  columns: number | undefined,
): string {
  if (backups.length === 0) return "there is no backup yet: slipway backup create makes one";
  const hasMoments = backups.some(({ walThrough }) => walThrough !== undefined);
  return formatTable(
    ["BACKUP", "WHEN", "AGE", "SIZE", "RESTORED", "IN", ...(hasMoments ? ["MOMENTS UP TO"] : [])],
    backups.map(({ id, at, bytes, proof, walThrough }) => [
      shortId(id),
      formatMoment(new Date(at)),
      formatSeconds(Math.max(0, Math.round((now.getTime() - Date.parse(at)) / 1000))),
      formatBytes(bytes),
      proof === undefined ? { text: "never", paint: style.warn } : formatMoment(new Date(proof.at)),
      proof === undefined ? "-" : formatSeconds(proof.restoreSeconds),
      ...(hasMoments ? [walThrough === undefined ? "-" : formatMoment(new Date(walThrough))] : []),
    ]),
    style,
    columns,
  );
}

/** How the platform was brought back, and where it is. */
export function formatRestore(result: RestoreResult, style: Style): string {
  const { backup, moment, urls, wires, quarantined, ms } = result;
  const { repositories, objects } = quarantined;
  return [
    `${style.good("restored")}: the platform of ${moment ?? formatMoment(new Date(backup.at))} (backup ${shortId(backup.id)}) in ${formatMilliseconds(ms)}`,
    ...filesOf(result, style),
    `  ${wires} connections proved`,
    ...(repositories + objects === 0
      ? []
      : [`  ${repositories} repositories and ${objects} objects that no row knows of lie under quarantine`]),
    ...urls.map(({ url }) => `  ${url}`),
  ].join("\n");
}

/** Of databases that were brought to a moment: of when what they refer to is. */
function filesOf({ moment, files }: RestoreResult, style: Style): readonly string[] {
  if (moment === undefined || files === undefined) return [];
  const of = `repositories, objects and streams are those of backup ${shortId(files.id)}`;
  const { cutAt = files.at } = files;
  const is =
    cutAt >= moment
      ? "made after it: what was deleted in between is missing"
      : "made before it: what came in between is missing";
  return [style.warn(`  ${of}, ${is}`)];
}

/** How long it took until everything was back and proved. */
export function formatDrill({ backup, backupAt, wires, ms }: BackupDrillResult, style: Style): string {
  const of = `the platform of ${formatMoment(new Date(backupAt))} (backup ${shortId(backup)})`;
  return `${style.good("passed")}: ${of} was back in ${formatMilliseconds(ms)}, ${wires} connections proved; it is removed again`;
}

/** What was brought back, and where it is. */
export function formatRestoredPart({ what, as, backup }: RestorePartResult, style: Style): string {
  return `${style.good("restored")}: ${printable(what)} of backup ${shortId(backup)} is there as ${printable(as)}`;
}

/** Whether all is whole, and what is not. */
export function formatBackupsVerified({ ok, problems, gaps, proof }: BackupVerifyResult, style: Style): string {
  return [
    ...(ok ? [`${style.good("whole")}: nothing is missing or damaged`] : []),
    ...headed(`${style.bad("damaged")}: make a new backup to another directory, and keep this one`, problems),
    ...headed(`${style.bad("gaps")}: not every moment between the backups can be brought back`, gaps),
    ...(proof === undefined
      ? []
      : [
          `${style.good("restored")}: backup ${shortId(proof.id)} in ${formatSeconds(proof.restoreSeconds)}, ${rowsOf(proof.databases)} rows read`,
          ...referencesOf(proof),
        ]),
  ].join("\n");
}

function headed(head: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [head, ...lines.map((line) => `  ${printable(line)}`)];
}
