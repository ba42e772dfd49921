import { type Command, Option } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseCount, parseDuration } from "../parse-arguments.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";
import { formatAccepted, formatUpgrade } from "../ui/print-upgrade.ts";
import { type BundleSourceOptions, declareBundleSource, toBundleSource } from "./bundle-options.ts";
import { declareRegistryOptions, type RegistryFlags, toRegistryOptions } from "./registry-options.ts";

interface UpgradeOptions extends BundleSourceOptions, RegistryFlags {
  readonly accept?: boolean;
  readonly dryRun?: boolean;
  readonly rehearsal: boolean;
  readonly withoutBackup?: boolean;
  readonly offline?: boolean;
  readonly timeout?: number;
  readonly jobs?: number;
}

/** `upgrade`: takes the platform to the version of this program, and back by itself where that fails. */
export function declareUpgrade(program: Command, runtime: Runtime): void {
  const command = program
    .command("upgrade")
    .summary("take the platform to the version of this program")
    .description(
      "Takes a platform that an older Slipway installed to the version of this one. It is rehearsed first: the newest backup is brought up with the newer version beside what runs. Then everything is kept as it is, data included, and changed. Where the newer version does not come up, or a connection cannot be proved, what was before is put back by itself. After that slipway rollback goes back, until --accept removes what is kept. Killed at any moment, the same command goes on.",
    )
    .addOption(
      new Option("--accept", "remove what the last upgrade kept: from then on there is no going back").conflicts(
        "dryRun",
      ),
    )
    .option("--dry-run", "check, and say what would change and what would be kept; change nothing")
    .option("--no-rehearsal", "do not bring the newest backup up with the newer version first")
    .option("--without-backup", "go on without a proved backup of the last day, where backups are made")
    .addOption(
      new Option("--timeout <time>", "longest time for the bring-up, for example 15m").argParser(parseDuration),
    )
    .addOption(new Option("--jobs <n>", "images built at the same time").argParser(parseCount))
    .option("--offline", "use no network at all: every image must be in the engine; --bundle implies it");
  declareBundleSource(command);
  declareRegistryOptions(command);
  withExamples(command, [
    { command: "slipway upgrade --dry-run", means: "what it would do" },
    { command: "slipway upgrade", means: "rehearse, keep, change, prove" },
    { command: "slipway upgrade --bundle slipway.tar --key release.pub", means: "the same without network" },
    { command: "slipway upgrade --accept", means: "it is well: remove what is kept to go back to" },
  ]);
  printsJson(command, ["UpgradeResult", "UpgradeAcceptResult"]);
  command.action((options: UpgradeOptions) =>
    runtime.perform(command, (session) => (options.accept === true ? accept(session) : upgrade(options, session))),
  );
}

async function accept(session: Session): Promise<number> {
  const result = await session.engine.acceptUpgrade(toTarget(session.selection));
  if (session.manner.json) session.tellJson(result);
  else session.tell(formatAccepted(result, session.style));
  return 0;
}

async function upgrade(options: UpgradeOptions, session: Session): Promise<number> {
  const result = await session.engine.upgrade({
    ...toTarget(session.selection),
    values: toValuesSelection(session.selection),
    dryRun: options.dryRun === true,
    withoutRehearsal: !options.rehearsal,
    withoutBackup: options.withoutBackup === true,
    offline: options.offline === true,
    ...toBundleSource(options, session.context.io.cwd),
    registryOptions: toRegistryOptions(options, session.context.io),
    pushCacheDir: session.selection.cacheDir,
    ...(options.timeout !== undefined && { timeoutSeconds: options.timeout }),
    ...(options.jobs !== undefined && { jobs: options.jobs }),
  });
  if (session.manner.json) session.tellJson(result);
  else session.tell(formatUpgrade(result, session));
  return result.verify?.ok === false ? exitStatusOf("WIRE_FAILED") : 0;
}
