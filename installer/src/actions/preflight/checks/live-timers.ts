import { askSystemd } from "../../../targets/host/systemd.ts";
import type { CheckFinding } from "../../../targets/check.ts";
import { type TimedJob, timedJobs, unitOf } from "../../timers/timer-files.ts";
import { type LiveCheck, type LiveCheckContext, seen } from "./live-check.ts";

export const timers: LiveCheck = {
  id: "live.timers",
  title: "the timers of this platform are at work",
  why: "a timer that is switched off, or whose program moved, makes no backup, keeps no house and says nothing",
  severity: "warning",
  run: async (context) => {
    if (seen(context) === undefined) return [];
    return (await Promise.all(timedJobs.map((job) => checkTimer(context, job)))).flat();
  },
};

async function checkTimer(context: LiveCheckContext, job: TimedJob): Promise<readonly CheckFinding[]> {
  const unit = unitOf(context.name, job);
  if (!(await context.fs.exists(`${unit}.timer`))) return [];
  const name = unit.slice(unit.lastIndexOf("/") + 1);
  const [active, result] = await Promise.all([
    propertyOf(context, `${name}.timer`, "ActiveState"),
    propertyOf(context, `${name}.service`, "Result"),
  ]);
  const findings: CheckFinding[] = [];
  if (active === "inactive" || active === "failed") {
    findings.push({
      message: `the timer ${name} is ${active}`,
      remedy: `systemctl enable --now ${name}.timer; or take it away: ${commandOf(job)} --remove`,
    });
  }
  if (active !== undefined && result !== undefined && result !== "success") {
    findings.push({
      message: `what the timer ${name} started last ended badly (${result})`,
      remedy: `journalctl -u ${name}.service says why; where the program has moved, ${commandOf(job)} again`,
    });
  }
  return findings;
}

function commandOf(job: TimedJob): string {
  return `slipway ${job === "housekeeping" ? "housekeeping" : "backup"} schedule`;
}

/** Of a unit that systemd does not know it tells the default, as of one that was never started. */
async function propertyOf(context: LiveCheckContext, unit: string, name: string): Promise<string | undefined> {
  return askSystemd(context, ["show", `--property=${name}`, "--value", unit]);
}
