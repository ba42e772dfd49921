import type { InstallTarget } from "../context.ts";
import { type TimedJob, timedJobs, unitFolder, unitOf } from "./timer-files.ts";

export interface UnitFile {
  readonly path: string;
  /** Absent of one that was removed. */
  readonly contents?: string;
}

/** What is done by the clock. */
export interface TimedWork {
  readonly of: TimedJob;
  readonly title: string;
  /** A moment as systemd writes it. */
  readonly when: string;
  /** Words of this program's commands, one after the other. */
  readonly runs: readonly (readonly string[])[];
}

export interface UnitContext {
  readonly program: string;
  readonly environment: Readonly<Record<string, string>> | undefined;
}

/** A service and a timer for each: systemd.timer(5), systemd.service(5). */
export function unitFilesFor(
  { name, stateDir }: InstallTarget,
  works: readonly TimedWork[],
  { program, environment = {} }: UnitContext,
): readonly Required<UnitFile>[] {
  const where = ["--name", name, "--state-dir", stateDir];
  return works.flatMap((work) => {
    const unit = unitOf(name, work.of);
    const title = `${work.title} of the platform ${name}`;
    const runs = work.runs.map((words) => [program, ...words, ...where].map(quoted).join(" "));
    const contents = serviceOf({ title, runs, environment, before: earlierServices(name, work.of) });
    return [
      { path: `${unit}.service`, contents },
      { path: `${unit}.timer`, contents: timerOf(`${title}, by the clock`, work.when) },
    ];
  });
}

/** A start that is under way holds up those of units that come after it: two that are due at once do not meet at the lock of the install. */
function earlierServices(name: string, job: TimedJob): readonly string[] {
  const earlier = timedJobs.slice(0, timedJobs.indexOf(job));
  return earlier.map((other) => `${unitOf(name, other).slice(unitFolder.length + 1)}.service`);
}

interface Service {
  readonly title: string;
  readonly runs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly before: readonly string[];
}

function serviceOf({ title, runs, environment, before }: Service): string {
  const variables = Object.entries(environment).map(([name, value]) => `Environment=${assigned(name, value)}\n`);
  return `[Unit]
Description=${title}
After=${["multi-user.target", ...before].join(" ")}

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
