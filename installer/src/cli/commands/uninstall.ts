import { Option } from "commander";
import type { Command } from "commander";
import { AbortError, UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatUninstall } from "../ui/print-uninstall.ts";

interface UninstallOptions {
  readonly keepData?: boolean;
  readonly purge?: boolean;
  readonly yesIMean?: string;
}

/** `uninstall`: removes the platform, with its data only when that was said twice. */
export function declareUninstall(program: Command, runtime: Runtime): void {
  const command = program
    .command("uninstall")
    .summary("remove the platform; data stays unless --purge")
    .description(
      "Removes containers and networks. Data, secrets and records stay, so that a later install goes on with them. --purge removes those too and needs the install's name typed.",
    )
    .addOption(new Option("--keep-data", "keep volumes, secrets and records (the default)").conflicts("purge"))
    .addOption(new Option("--purge", "remove volumes, secrets and records for good"))
    .option("--yes-i-mean <name>", "the install's name, in place of typing it");
  withExamples(command, [
    { command: "slipway uninstall", means: "containers and networks; data stays" },
    { command: "slipway uninstall --purge --yes-i-mean slipway", means: "everything, without a question" },
  ]);
  command.action((options: UninstallOptions) =>
    runtime.perform(command, async (session) => {
      const purge = options.purge === true;
      let confirmedName: string | undefined;
      if (purge) confirmedName = await confirmPurge(session, options.yesIMean);
      else {
        await confirmRemoval(session);
        confirmedName = options.yesIMean;
      }
      const result = await session.engine.uninstall({
        ...toTarget(session.selection),
        purge,
        ...(confirmedName !== undefined && { confirmedName }),
      });
      if (session.manner.json) session.printJson(result);
      else session.print(formatUninstall(result, session.style, session.selection.invocation));
      return 0;
    }),
  );
}

async function confirmPurge(session: Session, given: string | undefined): Promise<string> {
  const { name } = session.selection;
  if (given !== undefined) {
    if (given === name) return given;
    throw new UsageError(`--yes-i-mean names "${given}", but the install is "${name}"`, {
      hint: `give --yes-i-mean ${name} or --name ${given}`,
    });
  }
  if (!session.prompts.available) {
    throw new AbortError("removing all data needs the install's name and standard input is no terminal", {
      hint: `give --yes-i-mean ${name}`,
    });
  }
  const typed = await session.prompts.input(`All data of "${name}" will be gone for good. Type its name to go on:`);
  if (typed.trim() !== name) throw new AbortError(`"${typed.trim()}" is not "${name}"; nothing was removed`);
  return name;
}

async function confirmRemoval(session: Session): Promise<void> {
  if (session.manner.yes) return;
  if (!session.prompts.available) {
    throw new AbortError("removing the platform needs a yes and standard input is no terminal", { hint: "give --yes" });
  }
  const agreed = await session.prompts.confirm(`Remove "${session.selection.name}"? Its data stays.`, false);
  if (!agreed) throw new AbortError("declined; nothing was removed");
}
