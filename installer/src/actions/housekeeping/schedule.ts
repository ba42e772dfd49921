import { openInstall } from "../../execute/state/install.ts";
import type { ResultHead } from "../context.ts";
import { requireInstalledHere } from "../status/elsewhere.ts";
import { requireTimeOfDay, schedule, type SchedulePorts, type ScheduleRequest } from "../timers/schedule.ts";
import type { UnitFile } from "../timers/unit-files.ts";
import { requireOwn } from "./own-registry.ts";
import type { RegistryHousekeepingRequest } from "./registry.ts";

/** Days of the week as systemd names them, in the order of cron's numbers. */
export const weekDays = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"] as const;

export interface HousekeepingScheduleRequest
  extends ScheduleRequest,
    Pick<RegistryHousekeepingRequest, "untagged" | "minutes"> {
  /** The day of the week on which it is done. */
  readonly day: (typeof weekDays)[number];
}

export interface HousekeepingScheduleResult extends ResultHead<"HousekeepingScheduleResult"> {
  readonly name: string;
  readonly dryRun: boolean;
  /** Files of units that were written or removed, or would be. */
  readonly files: readonly UnitFile[];
}

/**
 * Has the machine's systemd remove every week what no image of the registry names.
 * @throws UsageError for a time that is none, or a user who may not; PreflightError when nothing is installed, the registry is not the
 * platform's own, or where the machine has no systemd: the hint says what to do instead
 */
export async function scheduleHousekeeping(
  request: HousekeepingScheduleRequest,
  ports: SchedulePorts,
): Promise<HousekeepingScheduleResult> {
  const { name, dryRun, remove, at, day, untagged, minutes } = request;
  const plan = await requireInstalledHere(await openInstall(request, ports.fs), ports);
  // A timer of a registry that has moved is still there to be taken away.
  if (!remove) requireOwn(plan);
  requireTimeOfDay(at);
  const words = ["housekeeping", "registry", "--minutes", `${minutes}`, ...(untagged ? ["--untagged"] : [])];
  const wanted = {
    works: [{ of: "housekeeping", title: "Housekeeping", when: `${day} *-*-* ${at}:00`, runs: [words] }],
    purpose: "keep house",
    cron: `* * ${weekDays.indexOf(day)} root slipway ${words.join(" ")}`,
  } as const;
  const files = await schedule(request, wanted, ports);
  return { apiVersion: "slipway/v1", kind: "HousekeepingScheduleResult", name, dryRun, files };
}
