import { Option } from "commander";
import type { Command } from "commander";
import { type Language, languageOf, languages } from "../../actions/explain/languages.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Runtime } from "../runtime.ts";
import { formatExplanation } from "../ui/print-explain.ts";

/** `explain`: what a key, an exit code or a check is about. */
export function declareExplain(program: Command, runtime: Runtime): void {
  const command = program
    .command("explain")
    .summary("say what a value, an exit code or a check is about")
    .description(
      "Says what a key of the values means, what is allowed and what its default is; when a command ends with an exit code; or why a check is made.",
    )
    .argument("<topic>", "a key of the values, an exit code or its name, or the id of a check")
    .addOption(
      new Option(
        "--lang <language>",
        "language of what is said (default: zh where the locale is Chinese, else en)",
      ).choices(languages),
    );
  withExamples(command, [
    { command: "slipway explain postgres.resources.memory", means: "a value" },
    { command: "slipway explain postgres", means: "a section, with its keys" },
    { command: "slipway explain 14", means: "an exit code" },
    { command: "slipway explain live.drift", means: "a check of doctor" },
    { command: "slipway explain postgres.external --lang zh", means: "in Chinese" },
  ]);
  printsJson(command, ["ExplainResult"]);
  command.action((topic: string, { lang }: { readonly lang?: Language }) =>
    runtime.perform(command, async (session) => {
      const language = lang ?? languageOf(session.context.io.env);
      const result = await session.engine.explain({ topic, language });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatExplanation(result, session.style));
      return 0;
    }),
  );
}
