import { dirname } from "node:path";
import { Argument, Option } from "commander";
import type { Command } from "commander";
import { type WordKind, wordKinds } from "../../actions/completion/word-kinds.ts";
import { withExamples } from "../examples.ts";
import { type CompletionResult, printsJson } from "../json-output.ts";
import { defaultStateDir } from "../paths.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

/** `completion`: a script for the shell, made from the commands themselves. */
export function declareCompletion(program: Command, runtime: Runtime): void {
  const command = program
    .command("completion")
    .summary("print a completion script for the shell")
    .description(
      "Prints a script that completes commands, options, components and keys of the values of this version, and names of what is installed: installs, secrets, jobs, databases.",
    )
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]))
    // For the scripts: the names that hang on what is installed.
    .addOption(new Option("--words <kind>").choices(wordKinds).hideHelp());
  withExamples(command, [
    { command: "slipway completion bash > /etc/bash_completion.d/slipway", means: "bash, for everybody" },
    { command: "source <(slipway completion zsh)", means: "zsh, this session" },
    { command: "slipway completion fish > ~/.config/fish/completions/slipway.fish", means: "fish" },
  ]);
  printsJson(command, ["CompletionResult"]);
  command.action((shell: "bash" | "zsh" | "fish", options: { readonly words?: WordKind }) =>
    runtime.perform(command, async (session) => {
      if (options.words !== undefined) {
        const target = toTarget(session.selection);
        const installsIn = dirname(defaultStateDir(session.context.io, target.name));
        const found = await session.engine.words({ ...target, of: options.words, installsIn });
        if (found.length > 0) session.print(found.join("\n"));
        return 0;
      }
      const { describeCommands } = await import("../completion/command-tree.ts");
      const { completionScript } = await import("../completion/scripts.ts");
      const { fixedWords } = await import("../completion/word-sources.ts");
      const script = completionScript(shell, describeCommands(program), fixedWords()).trimEnd();
      const result: CompletionResult = { apiVersion: "slipway/v1", kind: "CompletionResult", shell, script };
      if (session.manner.json) session.printJson(result);
      else session.print(script);
      return 0;
    }),
  );
}
