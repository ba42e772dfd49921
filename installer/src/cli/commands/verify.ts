import type { Command } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatVerify } from "../ui/print-verify.ts";

/** `verify`: proves every wire as the application would use it. */
export function declareVerify(program: Command, runtime: Runtime): void {
  const command = program
    .command("verify")
    .summary("prove every connection as the application uses it")
    .description(
      "Tries every connection between components from inside the platform's networks, with the same credentials, what must work and what must be refused. Exit 12 when one fails.",
    )
    .argument("[component]", "only connections from or to this component")
    .option(
      "--journey",
      "also go a person's way: sign in, make a private model, push and read it back, see another person refused, delete it",
    );
  withExamples(command, [
    { command: "slipway verify", means: "all of them, with times" },
    { command: "slipway verify --journey", means: "and a person's way, which leaves nothing behind" },
    { command: "slipway verify postgres --json", means: "those of one component, for a program" },
  ]);
  printsJson(command, ["VerifyResult"]);
  command.action((component: string | undefined) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.verify({
        ...toTarget(session.selection),
        ...(component !== undefined && { component }),
        journey: command.opts<{ readonly journey?: true }>().journey === true,
      });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatVerify(result, session.style, session.columns));
      return result.ok ? 0 : exitStatusOf("WIRE_FAILED");
    }),
  );
}
