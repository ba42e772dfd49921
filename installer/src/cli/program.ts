import { Command } from "commander";
import { consoleCommands } from "../plan/console.ts";
import { withExamples } from "./examples.ts";
import { declareGlobalOptions } from "./global-options.ts";
import type { Runtime } from "./runtime.ts";

/**
 * The command line, with all commands or only with the one that is run: to declare the others would take longer than many
 * commands do. Nothing here does work: bodies load what they need when they run.
 */
export async function buildProgram(runtime: Runtime, only?: string): Promise<Command> {
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
      writeErr: runtime.writeUnasked ?? ((text) => runtime.context.io.stderr.write(text)),
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
  const wanted = declarations.filter(({ names }) => only === undefined || names.includes(only));
  for (const declare of await Promise.all(wanted.map(({ load }) => load()))) declare(program, runtime);
  return program;
}

/**
 * The command that a command line runs for certain: its first word names one. Undefined where the others are needed, too: for
 * help and suggestions, and for the completion, which describes them all unless it is only asked for words.
 */
export function commandOf(argv: readonly string[]): string | undefined {
  const named = declarations.flatMap(({ names }) => names).find((name) => name === argv[0]);
  return named === "completion" && !argv.includes("--words") ? undefined : named;
}

interface Declaration {
  readonly names: readonly string[];
  readonly load: () => Promise<(program: Command, runtime: Runtime) => void>;
}

/** In the order of the help. */
const declarations: readonly Declaration[] = [
  { names: ["init"], load: async () => (await import("./commands/init.ts")).declareInit },
  { names: ["adopt"], load: async () => (await import("./commands/adopt.ts")).declareAdopt },
  { names: ["validate"], load: async () => (await import("./commands/validate.ts")).declareValidate },
  { names: ["values"], load: async () => (await import("./commands/values.ts")).declareValues },
  { names: ["plan"], load: async () => (await import("./commands/plan.ts")).declarePlan },
  { names: ["render"], load: async () => (await import("./commands/render.ts")).declareRender },
  { names: ["install"], load: async () => (await import("./commands/install.ts")).declareInstall },
  { names: ["attach"], load: async () => (await import("./commands/attach.ts")).declareAttach },
  { names: ["status"], load: async () => (await import("./commands/status.ts")).declareStatus },
  { names: ["history", "diff"], load: async () => (await import("./commands/history.ts")).declareHistory },
  { names: ["upgrade"], load: async () => (await import("./commands/upgrade.ts")).declareUpgrade },
  { names: ["rollback"], load: async () => (await import("./commands/rollback.ts")).declareRollback },
  { names: ["metrics"], load: async () => (await import("./commands/metrics.ts")).declareMetrics },
  { names: ["ls"], load: async () => (await import("./commands/ls.ts")).declareLs },
  { names: ["logs"], load: async () => (await import("./commands/logs.ts")).declareLogs },
  { names: ["exec"], load: async () => (await import("./commands/exec.ts")).declareExec },
  { names: [consoleCommands.sql], load: async () => (await import("./commands/consoles.ts")).declareSql },
  { names: [consoleCommands["key-value"]], load: async () => (await import("./commands/consoles.ts")).declareKeyValue },
  { names: [consoleCommands.objects], load: async () => (await import("./commands/s3.ts")).declareObjects },
  { names: ["open"], load: async () => (await import("./commands/open.ts")).declareOpen },
  { names: ["verify"], load: async () => (await import("./commands/verify.ts")).declareVerify },
  { names: ["backup"], load: async () => (await import("./commands/backup.ts")).declareBackup },
  { names: ["restore"], load: async () => (await import("./commands/restore.ts")).declareRestore },
  { names: ["housekeeping"], load: async () => (await import("./commands/housekeeping.ts")).declareHousekeeping },
  { names: ["doctor"], load: async () => (await import("./commands/doctor.ts")).declareDoctor },
  {
    names: ["support-bundle"],
    load: async () => (await import("./commands/support-bundle.ts")).declareSupportBundle,
  },
  { names: ["explain"], load: async () => (await import("./commands/explain.ts")).declareExplain },
  { names: ["stop", "start", "restart"], load: async () => (await import("./commands/lifecycle.ts")).declareLifecycle },
  { names: ["run"], load: async () => (await import("./commands/run.ts")).declareRun },
  { names: ["ca"], load: async () => (await import("./commands/ca.ts")).declareCa },
  { names: ["uninstall"], load: async () => (await import("./commands/uninstall.ts")).declareUninstall },
  { names: ["secrets"], load: async () => (await import("./commands/secrets.ts")).declareSecrets },
  { names: ["images"], load: async () => (await import("./commands/images.ts")).declareImages },
  { names: ["bundle"], load: async () => (await import("./commands/bundle.ts")).declareBundle },
  { names: ["push"], load: async () => (await import("./commands/push.ts")).declarePush },
  { names: ["completion"], load: async () => (await import("./commands/completion.ts")).declareCompletion },
];
