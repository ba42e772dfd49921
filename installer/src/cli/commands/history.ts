import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseCount } from "../parse-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatDiff } from "../ui/print-diff.ts";
import { formatHistory } from "../ui/print-history.ts";

interface HistoryOptions {
  readonly limit: number;
}

/** `history` and `diff`: what was done to an install, and what made the difference. */
export function declareHistory(program: Command, runtime: Runtime): void {
  declareList(program, runtime);
  declareDiff(program, runtime);
}

function declareList(program: Command, runtime: Runtime): void {
  const command = program
    .command("history")
    .summary("list what was done to an install")
    .description(
      "Lists what was done to the install, oldest first: the revision that came of it, when, by which command and version, how it ended, how long it took and what changed. What changed nothing is not listed. The last 200 runs and the last 50 revisions are kept.",
    )
    .option("--limit <n>", "only the last ones", parseCount, 20);
  withExamples(command, [
    { command: "slipway history", means: "the last 20 runs" },
    { command: "slipway history --json", means: "all that are kept, for a program" },
  ]);
  printsJson(command, ["HistoryResult"]);
  command.action((options: HistoryOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.history(toTarget(session.selection));
      if (session.manner.json) session.printJson(result);
      else session.print(formatHistory(result, options.limit, session));
      return 0;
    }),
  );
}

function declareDiff(program: Command, runtime: Runtime): void {
  const command = program
    .command("diff")
    .summary("say what differs between two revisions")
    .description(
      "Says what differs between a revision of slipway history and what is in effect now, or between two revisions: in the values that were given and in the plan that was made of them, images and secrets included. Of secrets it says only that they are others.",
    )
    .argument("<revision>", "number of a revision", parseCount)
    .argument("[to-revision]", "the one to compare it with, in place of the one in effect", parseCount);
  withExamples(command, [
    { command: "slipway diff 3", means: "what changed since revision 3" },
    { command: "slipway diff 3 4 --json", means: "what revision 4 changed, for a program" },
  ]);
  printsJson(command, ["DiffResult"]);
  command.action((from: number, to: number | undefined) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.diffRevisions({
        ...toTarget(session.selection),
        from,
        ...(to !== undefined && { to }),
      });
      if (session.manner.json) session.printJson(result);
      else session.tell(formatDiff(result, session.style));
      return 0;
    }),
  );
}
