import { type Command, InvalidArgumentError, Option } from "commander";
import type { HousekeepingScheduleRequest } from "../../actions/housekeeping/schedule.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatRegistryHousekeeping } from "../ui/print-housekeeping.ts";
import { formatSchedule } from "../ui/print-schedule.ts";

/** `housekeeping`: room that nothing uses any more. */
export function declareHousekeeping(program: Command, runtime: Runtime): void {
  const group = program
    .command("housekeeping")
    .summary("free room that nothing uses any more")
    .description(
      "Commands that remove what nothing of the platform names any more. They never run beside a backup or another change.",
    );
  withExamples(group, [
    { command: "slipway housekeeping registry --dry-run", means: "what would be removed from the container registry" },
    { command: "slipway housekeeping registry", means: "removed, while pushes wait and pulls go on" },
  ]);
  declareRegistry(group, runtime);
  declareSchedule(group, runtime);
}

interface RegistryOptions {
  readonly dryRun?: true;
  readonly untagged?: true;
  readonly minutes: number;
}

const mostMinutes = 120;

function declareRegistry(group: Command, runtime: Runtime): void {
  const command = group
    .command("registry")
    .summary("remove layers that no image of the registry names")
    .description(
      'Removes what pushes that were given up, and images that are gone, left in the platform\'s container registry. Meanwhile pushes are answered with "later" (503) and pulls go on; nothing is removed before all requests have ended that came before that. Layers of a push that is half done are removed, too: it has to be made again. Pushes wait no longer than --minutes and 8 minutes more, even when this program is killed.',
    )
    .option("--dry-run", "only say what would be removed; pushes go on")
    .option("--untagged", "remove images, too, that no tag leads to, such as those whose tag was pushed again")
    .option("--minutes <minutes>", `stop after so many minutes, 1 to ${mostMinutes}`, parseMinutes, 10);
  withExamples(command, [
    { command: "slipway housekeeping registry --dry-run", means: "how much there is" },
    {
      command: "slipway housekeeping registry --untagged",
      means: "images by digest alone as well: first see that none runs",
    },
    { command: "slipway housekeeping registry --minutes 60", means: "for a large registry, at night" },
  ]);
  printsJson(command, ["RegistryHousekeepingResult"]);
  command.action((options: RegistryOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.cleanRegistry({
        ...toTarget(session.selection),
        dryRun: options.dryRun === true,
        untagged: options.untagged === true,
        minutes: options.minutes,
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatRegistryHousekeeping(result, session.style));
      return 0;
    }),
  );
}

interface ScheduleOptions extends Pick<RegistryOptions, "untagged" | "minutes"> {
  readonly day: HousekeepingScheduleRequest["day"];
  readonly at: string;
  readonly remove?: true;
  readonly dryRun?: true;
}

/** As systemd names them. */
const days: readonly HousekeepingScheduleRequest["day"][] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

function declareSchedule(group: Command, runtime: Runtime): void {
  const command = group
    .command("schedule")
    .summary("have the machine clean the registry every week")
    .description(
      "Writes a timer of systemd that runs housekeeping registry once a week. Where a backup or its check is under way, it begins when that has ended. What was missed while the machine was off is made up for.",
    )
    .addOption(new Option("--day <day>", "day of the week").choices(days).default("sat"))
    .option("--at <time>", "time of day, another than that of backups", "04:30")
    .option("--minutes <minutes>", `stop after so many minutes, 1 to ${mostMinutes}`, parseMinutes, 30)
    .option("--untagged", "remove images, too, that no tag leads to")
    .option("--remove", "take the timer away")
    .option("--dry-run", "only show what would be written");
  withExamples(command, [
    { command: "slipway housekeeping schedule", means: "as root: on Saturdays at half past four" },
    { command: "slipway housekeeping schedule --dry-run", means: "the units, to read or to use elsewhere" },
  ]);
  printsJson(command, ["HousekeepingScheduleResult"]);
  command.action(({ day, at, minutes, untagged, remove, dryRun }: ScheduleOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.scheduleHousekeeping({
        ...toTarget(session.selection),
        ...{ day, at, minutes, untagged: untagged === true, remove: remove === true, dryRun: dryRun === true },
        program: process.execPath,
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatSchedule(result, remove === true));
      return 0;
    }),
  );
}

function parseMinutes(text: string): number {
  const minutes = /^[1-9]\d{0,2}$/.test(text) ? Number(text) : 0;
  if (minutes < 1 || minutes > mostMinutes) {
    throw new InvalidArgumentError(`it must be a whole number from 1 to ${mostMinutes}.`);
  }
  return minutes;
}
