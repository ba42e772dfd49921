import { Option } from "commander";
import type { Command } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseCount, parseDuration, parsePlanHash } from "../parse-arguments.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { type BundleSourceOptions, declareBundleSource, toBundleSource } from "./bundle-options.ts";
import { type RegistryFlags, declareRegistryOptions, toRegistryOptions } from "./registry-options.ts";
import { formatInstall } from "../ui/print-install.ts";
import { targetNames } from "../../targets/names.ts";

interface InstallOptions extends BundleSourceOptions, RegistryFlags {
  readonly mode?: string;
  readonly offline?: boolean;
  readonly planHash?: string;
  readonly dryRun?: boolean;
  readonly timeout?: number;
  readonly verify: boolean;
  readonly withoutUnavailable?: boolean;
  readonly acceptDataLoss?: readonly string[];
  readonly jobs?: number;
  readonly timings?: boolean;
  readonly repair?: boolean;
}

/** `install`: brings the platform to the state the values describe. */
export function declareInstall(program: Command, runtime: Runtime): void {
  const command = program
    .command("install")
    .summary("bring the platform to the state the values describe")
    .description(
      "Checks the host, makes what is missing, starts everything in order and proves the wires. Run again it changes what differs, or nothing. Killed at any moment, the same command finishes it.",
    )
    .addOption(
      new Option("--mode <mode>", `target of a new install; ${targetNames[0] ?? ""} when not given`).choices(
        targetNames,
      ),
    )
    .addOption(
      new Option(
        "--plan-hash <hash>",
        "go on only if the plan has this hash: what plan shows, or at least its first 12 digits",
      ).argParser(parsePlanHash),
    )
    .option("--dry-run", "check the host and say what would change; change nothing")
    .addOption(
      new Option("--timeout <time>", "longest time for the bring-up, for example 15m").argParser(parseDuration),
    )
    .option("--no-verify", "do not prove the wires at the end")
    .option("--repair", "set right, too, what somebody changed inside services; what people made there stays")
    .option("--without-unavailable", "leave out components whose image can be neither found, pulled nor built")
    .addOption(
      new Option(
        "--accept-data-loss <component>",
        "accept that a store's data is lost, and set it up empty; may be given more than once",
      ).argParser((value: string, previous: readonly string[] | undefined) => [...(previous ?? []), value]),
    )
    .addOption(new Option("--jobs <n>", "images built at the same time").argParser(parseCount))
    .option(
      "--offline",
      "use no network at all: every image must be in the engine, or where nodes pull from; --bundle implies it",
    )
    .option("--timings", "tell where the time went, and which steps decided how long it took");
  declareBundleSource(command);
  declareRegistryOptions(command);
  withExamples(command, [
    { command: "slipway install", means: "with ./values.yaml or the recorded values" },
    {
      command: "slipway install --without casdoor --set ports.http=8080",
      means: "another port, one component left out",
    },
    { command: "slipway install --bundle slipway.tar --key release.pub", means: "without network, from a bundle" },
    {
      command: "slipway install --bundle slipway.tar --registry harbor.corp.example/ai-infra",
      means: "from the registry that the bundle was pushed to",
    },
    {
      command: "slipway install --mode helm --profile ha -f values.yaml",
      means: "on a cluster that may lose a machine",
    },
    { command: "slipway install --plan-hash 3f9c2a10b7d4e865", means: "exactly what plan showed, or exit 14" },
  ]);
  printsJson(command, ["InstallResult"]);
  command.action((options: InstallOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.install({
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
        ...(options.mode !== undefined && { mode: options.mode }),
        dryRun: options.dryRun === true,
        skipVerify: !options.verify,
        withoutUnavailable: options.withoutUnavailable === true,
        offline: options.offline === true,
        timings: options.timings === true,
        repair: options.repair === true,
        ...toBundleSource(options, session.context.io.cwd),
        registryOptions: toRegistryOptions(options, session.context.io),
        pushCacheDir: session.selection.cacheDir,
        ...(options.planHash !== undefined && { planHash: options.planHash }),
        ...(options.timeout !== undefined && { timeoutSeconds: options.timeout }),
        ...(options.acceptDataLoss !== undefined && { acceptDataLoss: options.acceptDataLoss }),
        ...(options.jobs !== undefined && { jobs: options.jobs }),
      });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatInstall(result, session));
      return result.verify?.ok === false ? exitStatusOf("WIRE_FAILED") : 0;
    }),
  );
}
