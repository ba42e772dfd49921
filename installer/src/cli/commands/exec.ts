import type { Command } from "commander";
import { UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { ownOperands, requireOwnOutput } from "../program-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

/** `exec`: a program in a component. */
export function declareExec(program: Command, runtime: Runtime): void {
  const command = program
    .command("exec")
    .summary("run a program, or a shell, in a component")
    .description(
      "Runs a program in a component that is up, as the user that its service runs as; without one, a shell. Where standard input and output are a terminal, the program gets it, Ctrl-C and the window's size included; otherwise it gets them as they are, and Ctrl-C as a signal. Its exit status is that of the command: 126 or 127, as the engine has it, where the component has no such program or it cannot be run. When nothing was started, an error: line says so, and the status is Slipway's own.",
    )
    .argument("<component>", "the component, for example redis")
    .argument("[command...]", "behind --, the program and its arguments");
  withExamples(command, [
    { command: "slipway exec redis", means: "a shell" },
    { command: "slipway exec gitaly -- git --version", means: "one program" },
    { command: "slipway exec postgres -- pg_dumpall -U postgres > all.sql", means: "its output into a file" },
  ]);
  command.action((component: string, words: readonly string[]) =>
    runtime.perform(command, async (session) => {
      requireOwnOutput(session);
      const [id, ...own] = ownOperands([component, ...words], runtime);
      if (id === undefined) {
        throw new UsageError("no component is named", {
          hint: "it stands before --: slipway exec COMPONENT -- PROGRAM",
        });
      }
      const request = { component: id, command: [...own, ...runtime.programArguments] };
      const { status } = await session.engine.exec({ ...toTarget(session.selection), ...request });
      return status;
    }),
  );
}
