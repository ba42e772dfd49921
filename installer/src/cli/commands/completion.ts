import { Argument } from "commander";
import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { type CompletionResult, printsJson } from "../json-output.ts";
import type { Runtime } from "../runtime.ts";

/** `completion`: a script for the shell, made from the commands themselves. */
export function declareCompletion(program: Command, runtime: Runtime): void {
  const command = program
    .command("completion")
    .summary("print a completion script for the shell")
    .description("Prints a script that completes commands, options and components of this version.")
    .addArgument(new Argument("<shell>", "the shell").choices(["bash", "zsh", "fish"]));
  withExamples(command, [
    { command: "slipway completion bash > /etc/bash_completion.d/slipway", means: "bash, for everybody" },
    { command: "source <(slipway completion zsh)", means: "zsh, this session" },
    { command: "slipway completion fish > ~/.config/fish/completions/slipway.fish", means: "fish" },
  ]);
  printsJson(command, ["CompletionResult"]);
  command.action((shell: "bash" | "zsh" | "fish") =>
    runtime.perform(command, async (session) => {
      const { describeCommands } = await import("../completion/command-tree.ts");
      const { completionScript } = await import("../completion/scripts.ts");
      const { componentWords } = await import("../../plan/component-names.ts");
      const script = completionScript(shell, describeCommands(program), componentWords()).trimEnd();
      const result: CompletionResult = { apiVersion: "slipway/v1", kind: "CompletionResult", shell, script };
      if (session.manner.json) session.printJson(result);
      else session.print(script);
      return 0;
    }),
  );
}
