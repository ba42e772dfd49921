import { Command } from "commander";
import { declareBundle } from "./commands/bundle.ts";
import { declareCa } from "./commands/ca.ts";
import { declareCompletion } from "./commands/completion.ts";
import { declareDoctor } from "./commands/doctor.ts";
import { declareImages } from "./commands/images.ts";
import { declareInit } from "./commands/init.ts";
import { declareInstall } from "./commands/install.ts";
import { declareLifecycle } from "./commands/lifecycle.ts";
import { declareLogs } from "./commands/logs.ts";
import { declarePlan } from "./commands/plan.ts";
import { declarePush } from "./commands/push.ts";
import { declareRender } from "./commands/render.ts";
import { declareSecrets } from "./commands/secrets.ts";
import { declareStatus } from "./commands/status.ts";
import { declareUninstall } from "./commands/uninstall.ts";
import { declareValidate } from "./commands/validate.ts";
import { declareVerify } from "./commands/verify.ts";
import { withExamples } from "./examples.ts";
import { declareGlobalOptions } from "./global-options.ts";
import type { Runtime } from "./runtime.ts";

/** The whole command line. Nothing here does work: bodies load what they need when they run. */
export function buildProgram(runtime: Runtime): Command {
  const program = new Command("slipway")
    .description("Installs and runs a self-hosted AI platform from one values file.")
    .version(runtime.context.version, "--version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [command]", "print the help of a command")
    .showSuggestionAfterError(true)
    .configureHelp({ showGlobalOptions: true, sortSubcommands: false })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => runtime.context.io.stdout.write(text),
      writeErr: (text) => runtime.context.io.stderr.write(text),
      // A wrong command line is printed like every other error, once, at the top.
      outputError: () => undefined,
      getOutHelpWidth: () => runtime.context.io.stdout.columns,
      getErrHelpWidth: () => runtime.context.io.stderr.columns,
    });
  declareGlobalOptions(program);
  withExamples(program, [
    { command: "slipway init", means: "write a values file" },
    { command: "slipway install", means: "bring the platform up" },
    { command: "slipway status", means: "see what runs" },
  ]);
  for (const declare of declarations) declare(program, runtime);
  return program;
}

/** In the order of the help. */
const declarations: readonly ((program: Command, runtime: Runtime) => void)[] = [
  declareInit,
  declareValidate,
  declarePlan,
  declareRender,
  declareInstall,
  declareStatus,
  declareLogs,
  declareVerify,
  declareDoctor,
  declareLifecycle,
  declareCa,
  declareUninstall,
  declareSecrets,
  declareImages,
  declareBundle,
  declarePush,
  declareCompletion,
];
