import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatValues } from "../ui/print-values.ts";

/** `values show`. */
export function declareValues(program: Command, runtime: Runtime): void {
  const group = program
    .command("values")
    .summary("show the values in effect")
    .description("Commands about the values of an install: what is set, and where it comes from.");
  withExamples(group, [
    { command: "slipway values show --origin", means: "every value, with the layer it comes from" },
  ]);
  const command = group
    .command("show")
    .summary("show every value in effect")
    .description(
      "Shows every value that an install would use: defaults, profile, recorded values or files, and --set, laid over each other. Secrets are not shown.",
    )
    .argument("[key]", "only this key, or what stands below it")
    .option("--origin", "say of each value where it comes from");
  withExamples(command, [
    { command: "slipway values show postgres", means: "one section" },
    { command: "slipway values show --origin", means: "with file and line of each" },
    { command: "slipway values show -f prod.yaml --json", means: "those of a file, for a program" },
  ]);
  printsJson(command, ["ValuesShowResult"]);
  command.action((key: string | undefined, options: { readonly origin?: boolean }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.showValues({
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
        ...(key !== undefined && { key }),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatValues(result, session.style, options.origin === true));
      return 0;
    }),
  );
}
