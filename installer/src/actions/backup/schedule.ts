import { join } from "node:path";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { openInstall } from "../../execute/state/install.ts";
import type { ActionPorts, InstallTarget, ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { systemdMark } from "../../targets/host/systemd.ts";
import { requireBackups } from "./backup-job.ts";
import { requireDrillable } from "./drill.ts";
import { type TimedJob, unitFolder, unitOf } from "./timer-files.ts";

export interface BackupScheduleRequest extends InstallTarget {
  /** Time of day of a backup, `02:15`. */
  readonly at: string;
  /** Bring the whole platform up from a backup each month. */
  readonly drill: boolean;
  /** Leave backups there that need not be kept: another credential removes them. */
  readonly keepAll: boolean;
  /** Take the timers away. */
  readonly remove: boolean;
  /** Only tell what would be written. */
  readonly dryRun: boolean;
  /** Absolute path of this program, where it is not in a checkout. */
  readonly program: string;
}

export interface BackupScheduleResult extends ResultHead<"BackupScheduleResult"> {
  readonly name: string;
  readonly dryRun: boolean;
  /** Files of units that were written or removed, or would be. */
  readonly files: readonly UnitFile[];
}

export interface UnitFile {
  readonly path: string;
  /** Absent of one that was removed. */
  readonly contents?: string;
}

type SchedulePorts = Pick<ActionPorts, "fs" | "target" | "exec" | "host" | "assets">;

/**
 * Has the machine's systemd make a backup every night, read all of them every week and, if asked, drill every month.
 * @throws UsageError for a time that is none, or a user who may not; PreflightError when nothing is installed or without backups, or
 * where the machine has no systemd: the hint says what to do instead
 */
export async function scheduleBackups(
  request: BackupScheduleRequest,
  ports: SchedulePorts,
): Promise<BackupScheduleResult> {
  const install = await openInstall(request, ports.fs);
  const plan = await requireInstalledHere(install, ports);
  requireBackups(plan);
  const { name, dryRun, remove } = request;
  if (request.drill && !remove) requireDrillable(plan, ports);
  const environment = remove ? undefined : await ports.target.unattended?.();
  const units = unitsFor(request, { program: programOf(request, ports), environment });
  const head = { apiVersion: "slipway/v1", kind: "BackupScheduleResult", name, dryRun } as const;
  if (dryRun) return { ...head, files: units };
  await requireSystemd(request, ports);
  const timers = units.map(({ path }) => path.slice(unitFolder.length + 1)).filter((unit) => unit.endsWith(".timer"));
  if (remove) return { ...head, files: await removeUnits(units, timers, ports) };
  for (const { path, contents } of units) await ports.fs.writeAtomic(path, contents, { mode: 0o644 });
  await ports.exec.run("systemctl", ["daemon-reload"]);
  await ports.exec.run("systemctl", ["enable", "--now", ...timers]);
  return { ...head, files: units };
}

function programOf({ program }: BackupScheduleRequest, { assets }: Pick<SchedulePorts, "assets">): string {
  return assets.checkout === undefined ? program : join(assets.checkout, "slipway");
}

async function requireSystemd(request: BackupScheduleRequest, { fs, host }: SchedulePorts): Promise<void> {
  if (!(await fs.exists(systemdMark))) {
    const [hours = "", minutes = ""] = request.at.split(":");
    throw new PreflightError("this machine is not run by systemd, whose timers would make the backups", {
      hint: `have another program of its kind run it, for example by a line in /etc/cron.d/slipway: ${Number(minutes)} ${Number(hours)} * * * root slipway backup create`,
    });
  }
  if (host.isRoot()) return;
  throw new UsageError("timers of the machine are root's to make", {
    hint: "run the same command with sudo, and --state-dir of this user; --dry-run shows what it writes",
  });
}

async function removeUnits(
  units: readonly Required<UnitFile>[],
  timers: readonly string[],
  { fs, exec }: SchedulePorts,
): Promise<readonly UnitFile[]> {
  const there: UnitFile[] = [];
  for (const { path } of units) if (await fs.exists(path)) there.push({ path });
  if (there.length === 0) return [];
  await exec.run("systemctl", ["disable", "--now", ...timers], { allowFailure: true });
  for (const { path } of there) await fs.remove(path);
  await exec.run("systemctl", ["daemon-reload"]);
  return there;
}

interface UnitContext {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>> | undefined;
}

interface TimedWork {
  readonly of: TimedJob;
  readonly title: string;
  /** A moment as systemd writes it. */
  readonly when: string;
  /** Command lines, one after the other. */
  readonly runs: readonly string[];
}

/** systemd.timer(5), systemd.service(5). */
function unitsFor(
  { name, stateDir, at, drill, keepAll, remove }: BackupScheduleRequest,
  { program, environment = {} }: UnitContext,
): readonly Required<UnitFile>[] {
  if (!/^([01]\d|2[0-3]):[0-5]\d$/.test(at)) {
    throw new UsageError(`${JSON.stringify(at)} is no time of day`, { hint: "write it as 02:15" });
  }
  const where = ["--name", name, "--state-dir", stateDir];
  const run = (...words: readonly string[]): string => [program, ...words, ...where].map(quoted).join(" ");
  const nightly = [run("backup", "create"), ...(keepAll ? [] : [run("backup", "prune")])];
  const jobs: readonly TimedWork[] = [
    { of: "backup", title: "Backup", when: `*-*-* ${at}:00`, runs: nightly },
    {
      of: "verify",
      title: "Check of the backups",
      when: `Sun *-*-* ${at}:00`,
      runs: [run("backup", "verify", "--data")],
    },
    { of: "drill", title: "Drill with a backup", when: `*-*-01 ${at}:00`, runs: [run("backup", "drill")] },
  ];
  // A drill that was asked for once is removed with the others.
  const wanted = jobs.filter(({ of }) => of !== "drill" || drill || remove);
  return wanted.flatMap(({ of, title, when, runs }) => {
    const unit = unitOf(name, of);
    return [
      { path: `${unit}.service`, contents: serviceOf(`${title} of the platform ${name}`, runs, environment) },
      { path: `${unit}.timer`, contents: timerOf(`${title} of the platform ${name}, by the clock`, when) },
    ];
  });
}

function serviceOf(
  description: string,
  runs: readonly string[],
  environment: Readonly<Record<string, string>>,
): string {
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${assigned(name, value)}\n`);
  return `[Unit]
Description=${description}
After=multi-user.target

[Service]
Type=oneshot
${variables.join("")}${runs.map((run) => `ExecStart=${run}`).join("\n")}
Nice=10
`;
}

/** Made up for after the machine was off; not at the same second on every machine. */
function timerOf(description: string, when: string): string {
  return `[Unit]
Description=${description}

[Timer]
OnCalendar=${when}
RandomizedDelaySec=10min
Persistent=true

[Install]
WantedBy=timers.target
`;
}

/** A word of a command line of systemd: `%` and `$` stand for something else there. */
function quoted(word: string): string {
  const escaped = word.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w@+=:,./%-]+$/.test(escaped) ? escaped : `"${escaped}"`;
}

/** As in a command line, but that `$` stands for itself: systemd.exec(5). */
function assigned(name: string, value: string): string {
  return `"${name}=${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("%", "%%")}"`;
}
