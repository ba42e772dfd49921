import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatOpen } from "../ui/print-open.ts";

/** `open`: the platform's addresses. */
export function declareOpen(program: Command, runtime: Runtime): void {
  const command = program
    .command("open")
    .summary("open the platform in the browser, or print its addresses")
    .description(
      "Opens the platform's page, or that of a component, in the browser of this machine. Where there is no screen, as over SSH, it prints the addresses.",
    )
    .argument("[address]", "a component with an address of its own; without one, the platform")
    .option("--print", "only print the addresses");
  withExamples(command, [
    { command: "slipway open", means: "the platform's page" },
    { command: "slipway open casdoor", means: "that of one component" },
    { command: "slipway open --print", means: "every address" },
  ]);
  printsJson(command, ["OpenResult"]);
  command.action((component: string | undefined, { print }: { readonly print?: boolean }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.open({
        ...toTarget(session.selection),
        ...(component !== undefined && { component }),
        print: print === true,
      });
      if (session.manner.json) session.printJson(result);
      else session.tell(formatOpen(result, session.style));
      return 0;
    }),
  );
}
