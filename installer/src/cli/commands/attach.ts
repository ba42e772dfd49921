import { Option } from "commander";
import type { Command } from "commander";
import { targetNames } from "../../targets/names.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatAttach } from "../ui/print-attach.ts";

/** `attach`: looks after an install that was made from another machine. */
export function declareAttach(program: Command, runtime: Runtime): void {
  const command = program
    .command("attach")
    .summary("look after an install that was made from another machine")
    .description(
      "Makes the state directory of an install whose records are kept where it runs, so that every command works from here, too. Nothing of the platform is changed. Exit 4 when nothing of that name is installed there.",
    )
    .addOption(new Option("--mode <mode>", "target that the install is on").choices(targetNames));
  withExamples(command, [
    {
      command: "slipway attach --mode helm",
      means: "the install of the current context, in the namespace of its name",
    },
    {
      command: "slipway attach --mode helm --name hub --set cluster.context=production --set cluster.namespace=team",
      means: "one in another cluster and namespace",
    },
  ]);
  printsJson(command, ["AttachResult"]);
  command.action((options: { readonly mode?: string }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.attach({
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
        ...(options.mode !== undefined && { mode: options.mode }),
      });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatAttach(result));
      return 0;
    }),
  );
}
