import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime } from "../runtime.ts";
import { formatInstalls } from "../ui/print-installs.ts";

/** `ls`: the installs of this host. */
export function declareLs(program: Command, runtime: Runtime): void {
  const command = program
    .command("ls")
    .summary("list the installs of this host")
    .description(
      "Lists every install that has containers or data here, whoever made it, by the labels on them: name, what runs, and where its records are.",
    );
  withExamples(command, [
    { command: "slipway ls", means: "a table" },
    { command: "slipway ls --json", means: "for a program" },
  ]);
  printsJson(command, ["InstallsResult"]);
  command.action(() =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.listInstalls({});
      if (session.manner.json) session.printJson(result);
      else session.print(formatInstalls(result, session.style));
      return 0;
    }),
  );
}
