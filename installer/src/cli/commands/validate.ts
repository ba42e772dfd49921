import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

/** `validate`: every problem of the values, at once. */
export function declareValidate(program: Command, runtime: Runtime): void {
  const command = program
    .command("validate")
    .summary("check the values and list every problem")
    .description(
      "Checks the values files and --set values against the schema and the rules between fields. Every problem is listed with its place. Nothing is touched.",
    );
  withExamples(command, [
    { command: "slipway validate", means: "checks ./values.yaml or the recorded values" },
    {
      command: "slipway validate -f prod.yaml --set domain=ai.corp.example",
      means: "checks a file with one value laid over it",
    },
  ]);
  printsJson(command, ["ValidateResult"]);
  command.action(() =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.validate({
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(`${session.style.good("valid")}: ${result.sources.join(" + ")}; ${result.summary}`);
      return 0;
    }),
  );
}
