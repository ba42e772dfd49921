import { type Command, Option } from "commander";
import type { OpenUpgrade } from "../../actions/upgrade/undo-upgrade.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseCount, parseDuration } from "../parse-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatRollback } from "../ui/print-rollback.ts";
import { formatOpenUpgrade, formatUndone } from "../ui/print-upgrade.ts";
import { requireSameName, typedName } from "./typed-name.ts";

interface RollbackOptions {
  readonly dryRun?: boolean;
  readonly verify: boolean;
  readonly timeout?: number;
  readonly yesIMean?: string;
}

/** `rollback`: makes the platform what it was at a revision. */
export function declareRollback(program: Command, runtime: Runtime): void {
  const command = program
    .command("rollback")
    .summary("make the platform what it was at a revision")
    .description(
      "Makes the platform what it was at a revision of slipway history: its values, its plan, its images. Without a number it goes back to what was there before a change that did not end well, or else to the revision before the one in effect. Data and secrets stay as they are. After an upgrade that is not accepted yet it goes back to what was before that, data included; that needs the install's name typed. Otherwise it is refused where data was in the hands of another program since, which may have changed its form. What comes of it is a revision of its own, so that a rollback can be taken back, too. Killed at any moment, the same command finishes it.",
    )
    .argument("[revision]", "its number, see slipway history", parseCount)
    .option("--dry-run", "say what would change; change nothing")
    .option("--no-verify", "do not prove the connections at the end")
    .option("--yes-i-mean <name>", "the install's name, in place of typing it, where data is put back")
    .addOption(new Option("--timeout <time>", "longest time for all of it, for example 15m").argParser(parseDuration));
  withExamples(command, [
    { command: "slipway rollback --dry-run", means: "what it would do" },
    { command: "slipway rollback", means: "back from the last change" },
    { command: "slipway rollback 3", means: "back to revision 3" },
  ]);
  printsJson(command, ["RollbackResult", "UpgradeUndoneResult"]);
  command.action((to: number | undefined, options: RollbackOptions) =>
    runtime.perform(command, async (session) => {
      const open = to === undefined ? await session.engine.findUpgrade(toTarget(session.selection)) : undefined;
      if (open !== undefined) return undo(open, options, session);
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

/** Back to what was before an upgrade, once it is agreed what that costs. */
async function undo(open: OpenUpgrade, options: RollbackOptions, session: Session): Promise<number> {
  const { name } = session.selection;
  const cost = formatOpenUpgrade(name, open);
  if (options.dryRun === true) {
    if (session.manner.json)
      throw new UsageError("an upgrade is taken back whole: there are no changes to list", { hint: cost });
    session.tell(`${cost}; nothing was done (--dry-run)`);
    return 0;
  }
  requireSameName(session, options.yesIMean);
  if (open.loses && options.yesIMean === undefined) {
    await typedName(session, { deed: "putting data back", warning: cost, nothing: "nothing was changed" });
  }
  const result = await session.engine.undoUpgrade(toTarget(session.selection));
  if (session.manner.json) session.tellJson(result);
  else session.tell(formatUndone(result, session.style));
  return 0;
}
