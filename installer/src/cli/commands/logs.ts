import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { type LogLine, printsJson } from "../json-output.ts";
import { parseMoment, parseWhole } from "../parse-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

interface LogsOptions {
  readonly follow?: boolean;
  readonly tail: number;
  readonly since?: string;
}

/** `logs`: what components wrote. */
export function declareLogs(program: Command, runtime: Runtime): void {
  const command = program
    .command("logs")
    .summary("show the log lines of components")
    .description(
      "Shows the last log lines of the named components, or of all of them. With several, each line begins with its component.",
    )
    .argument("[component...]", "components, for example postgres gateway")
    .option("--follow", "go on until Ctrl-C")
    .option("--tail <n>", "lines of each component to begin with", parseWhole, 100)
    .option("--since <time>", "only lines since then: 10m, 2h or 2026-11-21T10:00:00Z", parseMoment);
  withExamples(command, [
    { command: "slipway logs postgres", means: "its last 100 lines" },
    { command: "slipway logs gateway gitaly --follow --tail 10", means: "two components, live" },
    { command: "slipway logs --since 10m --json", means: "one JSON object a line" },
  ]);
  printsJson(command, ["LogLine"]);
  command.action((components: readonly string[], options: LogsOptions) =>
    runtime.perform(command, async (session) => {
      await session.engine.logs({
        ...toTarget(session.selection),
        components,
        follow: options.follow === true,
        tail: options.tail,
        ...(options.since !== undefined && { since: options.since }),
        onLine: (component, line) => {
          if (session.manner.json) session.printJsonLine(logLine(component, line));
          else session.print(components.length === 1 ? line : `${session.style.dim(`${component} |`)} ${line}`);
        },
      });
      return 0;
    }),
  );
}

function logLine(component: string, line: string): LogLine {
  return { apiVersion: "slipway/v1", kind: "LogLine", component, line };
}
