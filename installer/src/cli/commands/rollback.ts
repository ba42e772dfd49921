import { type Command, Option } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseCount, parseDuration } from "../parse-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatRollback } from "../ui/print-rollback.ts";

interface RollbackOptions {
  readonly dryRun?: boolean;
  readonly verify: boolean;
  readonly timeout?: number;
}

/** `rollback`: makes the platform what it was at a revision. */
export function declareRollback(program: Command, runtime: Runtime): void {
  const command = program
    .command("rollback")
    .summary("make the platform what it was at a revision")
    .description(
      "Makes the platform what it was at a revision of slipway history: its values, its plan, its images. Without a number it goes back to what was there before a change that did not end well, or else to the revision before the one in effect. Data and secrets stay as they are. It is refused where data was in the hands of another program since, which may have changed its form. What comes of it is a revision of its own, so that a rollback can be taken back, too. Killed at any moment, the same command finishes it.",
    )
    .argument("[revision]", "its number, see slipway history", parseCount)
    .option("--dry-run", "say what would change; change nothing")
    .option("--no-verify", "do not prove the connections at the end")
    .addOption(new Option("--timeout <time>", "longest time for all of it, for example 15m").argParser(parseDuration));
  withExamples(command, [
    { command: "slipway rollback --dry-run", means: "what it would do" },
    { command: "slipway rollback", means: "back from the last change" },
    { command: "slipway rollback 3", means: "back to revision 3" },
  ]);
  printsJson(command, ["RollbackResult"]);
  command.action((to: number | undefined, options: RollbackOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.rollback({
        ...toTarget(session.selection),
        dryRun: options.dryRun === true,
        skipVerify: !options.verify,
        ...(to !== undefined && { to }),
        ...(options.timeout !== undefined && { timeoutSeconds: options.timeout }),
      });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatRollback(result, session));
      return result.verify?.ok === false ? exitStatusOf("WIRE_FAILED") : 0;
    }),
  );
}
