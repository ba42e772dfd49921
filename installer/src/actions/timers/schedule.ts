import { join } from "node:path";
import { PreflightError, UsageError } from "../../errors/installer-error.ts";
import { systemdMark } from "../../targets/host/systemd.ts";
import type { ActionPorts, InstallTarget } from "../context.ts";
import { unitFolder } from "./timer-files.ts";
import { type TimedWork, type UnitFile, unitFilesFor } from "./unit-files.ts";

export interface ScheduleRequest extends InstallTarget {
  /** Time of day, `02:15`. */
  readonly at: string;
  /** Take the timers away. */
  readonly remove: boolean;
  /** Only tell what would be written. */
  readonly dryRun: boolean;
  /** Absolute path of this program, where it is not in a checkout. */
  readonly program: string;
}

export interface Schedule {
  /** All that may be there, when timers are taken away. */
  readonly works: readonly TimedWork[];
  /** What the timers would do, where a machine has none: `make the backups`. */
  readonly purpose: string;
  /** Days and command of a line of cron that does the same, at the time of the request. */
  readonly cron: string;
}

export type SchedulePorts = Pick<ActionPorts, "fs" | "target" | "exec" | "host" | "assets">;

/** @throws UsageError for a time that is none */
export function requireTimeOfDay(at: string): void {
  if (/^([01]\d|2[0-3]):[0-5]\d$/.test(at)) return;
  throw new UsageError(`${JSON.stringify(at)} is no time of day`, { hint: "write it as 02:15" });
}

/**
 * Has the machine's systemd do work by the clock, or no longer; gives the files of units that were written or removed, or would be.
 * @throws UsageError for a user who may not; PreflightError where the machine has no systemd: the hint says what to do instead
 */
export async function schedule(
  request: ScheduleRequest,
  wanted: Schedule,
  ports: SchedulePorts,
): Promise<readonly UnitFile[]> {
  const environment = request.remove ? undefined : await ports.target.unattended?.();
  const units = unitFilesFor(request, wanted.works, { program: programOf(request, ports), environment });
  if (request.dryRun) return units;
  await requireSystemd(request, wanted, ports);
  const timers = units.map(({ path }) => path.slice(unitFolder.length + 1)).filter((unit) => unit.endsWith(".timer"));
  if (request.remove) return removeUnits(units, timers, ports);
  for (const { path, contents } of units) await ports.fs.writeAtomic(path, contents, { mode: 0o644 });
  await ports.exec.run("systemctl", ["daemon-reload"]);
  await ports.exec.run("systemctl", ["enable", "--now", ...timers]);
  return units;
}

function programOf({ program }: ScheduleRequest, { assets }: Pick<SchedulePorts, "assets">): string {
  return assets.checkout === undefined ? program : join(assets.checkout, "slipway");
}

async function requireSystemd(
  { at }: ScheduleRequest,
  { purpose, cron }: Schedule,
  { fs, host }: SchedulePorts,
): Promise<void> {
  if (!(await fs.exists(systemdMark))) {
    const [hours = "", minutes = ""] = at.split(":");
    throw new PreflightError(`this machine is not run by systemd, whose timers would ${purpose}`, {
      hint: `have another program of its kind run it, for example by a line in /etc/cron.d/slipway: ${Number(minutes)} ${Number(hours)} ${cron}`,
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
