import { resolve } from "node:path";
import type { Command } from "commander";
import { AbortError } from "../../errors/installer-error.ts";
import { shellWord } from "../../platform/shell-quote.ts";
import { withExamples } from "../examples.ts";
import { parseWhole } from "../parse-arguments.ts";
import { printsJson } from "../json-output.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime, Session } from "../runtime.ts";

interface InitOptions {
  readonly out: string;
  readonly force?: boolean;
  readonly full?: boolean;
  readonly users?: number;
  readonly repositories?: number;
}

/** `init`: a values file, by questions or by flags. */
export function declareInit(program: Command, runtime: Runtime): void {
  const command = program
    .command("init")
    .summary("write a values file, by questions or by flags")
    .description(
      "Asks what has to be decided and writes a values file with only what differs from the defaults. Escape goes back to the question before; at the end all answers are shown, each can be changed, and only then something is written. With --yes, --profile or --set nothing is asked.",
    )
    .option("--out <file>", "file to write", "values.yaml")
    .option("--force", "replace the file if it is there")
    .option("--users <number>", "people who work with it on a usual day: sizes that fit are proposed", parseWhole)
    .option("--repositories <number>", "repositories that it will hold: sizes that fit are proposed", parseWhole)
    .option("--full", "write every setting with what it means, as a comment where it has its default");
  withExamples(command, [
    { command: "slipway init", means: "questions, then ./values.yaml" },
    { command: "slipway init --yes --set domain=ai.corp.example --without casdoor", means: "no questions" },
    {
      command: "slipway init --yes --profile standard --set domain=ai.corp.example --users 200 --repositories 2000",
      means: "sizes for them, made to fit this host",
    },
    {
      command: "slipway init --yes --profile ha -f our-services.yaml",
      means: "a cluster, with stores of your own; names what is still missing",
    },
    { command: "slipway init --yes --full", means: "every setting, to pick from" },
  ]);
  printsJson(command, ["InitResult"]);
  command.action((options: InitOptions) =>
    runtime.perform(command, async (session) => {
      const out = resolve(session.context.io.cwd, options.out);
      const request = {
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
        out,
        force: options.force === true,
        full: options.full === true,
        ...estimateOf(options),
        answers: askOrNot(session),
      };
      const result = await session.engine.init(request);
      if (session.manner.json) session.tellJson(result);
      else {
        const file = shellWord(options.out);
        for (const note of result.notes ?? []) session.tell(note);
        session.tell(`wrote ${result.path}\nnext: slipway validate -f ${file}, then slipway install -f ${file}`);
      }
      return 0;
    }),
  );
}

function estimateOf({ users, repositories }: InitOptions) {
  if (users === undefined && repositories === undefined) return {};
  return {
    estimate: { ...(users === undefined ? {} : { users }), ...(repositories === undefined ? {} : { repositories }) },
  };
}

/**
 * The wizard, or nothing where flags say it all.
 * @throws AbortError when there is neither a terminal nor a flag
 */
function askOrNot(session: Session) {
  const { selection, manner } = session;
  if (manner.yes || selection.profile !== undefined || selection.set.length > 0 || selection.without.length > 0) {
    return undefined;
  }
  if (!session.prompts.available) {
    throw new AbortError("init asks questions and standard input is no terminal", {
      hint: "give --yes for the defaults, with --profile, --set and --without for what differs",
    });
  }
  return session.prompts.guided ?? session.prompts;
}
