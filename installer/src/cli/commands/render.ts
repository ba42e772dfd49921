import { resolve } from "node:path";
import { Option } from "commander";
import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatRendered, formatRenderedFiles } from "../ui/print-render.ts";
import { rendererNames } from "../../targets/names.ts";

interface RenderOptions {
  readonly mode: string;
  readonly out: string;
}

/** `render`: the files an install would use. */
export function declareRender(program: Command, runtime: Runtime): void {
  const command = program
    .command("render")
    .summary("write the files an install would use")
    .description(
      "Writes the files of a target into a directory. Secrets stand in them as names, never as values. A directory that holds anything else is refused; files of an earlier render are replaced.",
    )
    .addOption(new Option("--mode <mode>", "target").choices(rendererNames).default(rendererNames[0]))
    .requiredOption("--out <dir>", "directory to write, or - to print");
  withExamples(command, [
    { command: "slipway render --out ./out", means: "compose.yaml and the configuration files" },
    { command: "slipway render --mode helm --out ./chart", means: "the chart with its values" },
    { command: "slipway render --out - | less", means: "read them" },
  ]);
  printsJson(command, ["RenderResult"]);
  command.action((options: RenderOptions) =>
    runtime.perform(command, async (session) => {
      const toStdout = options.out === "-";
      const result = await session.engine.render({
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
        mode: options.mode,
        ...(!toStdout && { out: resolve(session.context.io.cwd, options.out) }),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(toStdout ? formatRenderedFiles(result) : formatRendered(result, session.style));
      return 0;
    }),
  );
}
