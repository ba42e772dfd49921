import { Option } from "commander";
import type { Command } from "commander";
import type { FoundRemains } from "../../actions/uninstall/find-remains.ts";
import type { UninstallResult } from "../../actions/uninstall/uninstall.ts";
import { AbortError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { requireSameName, typedName } from "./typed-name.ts";
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
  printsJson(command, ["UninstallResult"]);
  command.action((options: UninstallOptions) =>
    runtime.perform(command, async (session) => {
      const purge = options.purge === true;
      requireSameName(session, options.yesIMean);
      const remains = await session.engine.findRemains(toTarget(session.selection));
      const result = isNothing(remains)
        ? nothingRemoved(session.selection.name, purge)
        : await removeAgreed(session, remains, { purge, given: options.yesIMean });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatUninstall(result, session.style));
      return 0;
    }),
  );
}

function isNothing(remains: FoundRemains): boolean {
  return !remains.state && remains.containers + remains.networks + remains.volumes === 0;
}

function nothingRemoved(name: string, purged: boolean): UninstallResult {
  const removed = { containers: [], networks: [], volumes: [], directories: [] };
  return {
    apiVersion: "slipway/v1",
    kind: "UninstallResult",
    name,
    purged,
    removed,
    kept: { volumes: [], strangers: [] },
  };
}

async function removeAgreed(
  session: Session,
  remains: FoundRemains,
  { purge, given }: { readonly purge: boolean; readonly given: string | undefined },
): Promise<UninstallResult> {
  const target = toTarget(session.selection);
  if (purge) {
    const confirmedName =
      given ??
      (await typedName(session, {
        deed: "removing all data",
        warning: `All data of "${session.selection.name}" will be gone for good`,
        nothing: "nothing was removed",
      }));
    return session.engine.uninstall({ ...target, purge, confirmedName });
  }
  // Where only data is left there is nothing to agree to.
  if (remains.containers + remains.networks > 0) await confirmRemoval(session, remains);
  return session.engine.uninstall({ ...target, purge, ...(given !== undefined && { confirmedName: given }) });
}

async function confirmRemoval(session: Session, remains: FoundRemains): Promise<void> {
  if (session.manner.yes) return;
  if (!session.prompts.available) {
    throw new AbortError("removing the platform needs a yes and standard input is no terminal", { hint: "give --yes" });
  }
  const what = `${remains.containers} containers and ${remains.networks} networks of "${session.selection.name}"`;
  const agreed = await session.prompts.confirm(`Remove ${what}? Its data stays.`, false);
  if (!agreed) throw new AbortError("declined; nothing was removed");
}
