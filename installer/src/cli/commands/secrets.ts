import type { Command } from "commander";
import { AbortError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatSecrets } from "../ui/print-secrets.ts";

/** `secrets list` and `secrets show`. */
export function declareSecrets(program: Command, runtime: Runtime): void {
  const group = program
    .command("secrets")
    .summary("name the install's secrets, or show one")
    .description(
      "Commands about the secrets of an install. They are made once, kept in the state directory and shown only on request.",
    );
  withExamples(group, [{ command: "slipway secrets show casdoor-root", means: "the first password" }]);
  declareList(group, runtime);
  declareShow(group, runtime);
}

function declareList(group: Command, runtime: Runtime): void {
  const command = group
    .command("list")
    .summary("name every secret and who reads it; no values")
    .description(
      "Lists the secrets of the install with what made them, who reads them and until when they hold. No value is shown.",
    );
  withExamples(command, [{ command: "slipway secrets list", means: "names, kinds and readers" }]);
  printsJson(command, ["SecretsListResult"]);
  command.action(() =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.listSecrets(toTarget(session.selection));
      if (session.manner.json) session.printJson(result);
      else session.print(formatSecrets(result, session.style));
      return 0;
    }),
  );
}

function declareShow(group: Command, runtime: Runtime): void {
  const command = group
    .command("show")
    .summary("show one secret")
    .description(
      "Shows one secret on a terminal. Anywhere else, a pipe or a file, it has to be asked for with --reveal.",
    )
    .argument("<secret>", "its name, see secrets list")
    .option("--part <part>", "of a secret with several parts, for example certificate")
    .option("--reveal", "show it although standard output is no terminal");
  withExamples(command, [
    { command: "slipway secrets show casdoor-root", means: "on the terminal" },
    { command: "slipway secrets show postgres-admin --reveal > pw", means: "into a file, said explicitly" },
  ]);
  printsJson(command, ["SecretShowResult"]);
  command.action((secret: string, options: { readonly part?: string; readonly reveal?: boolean }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.showSecret({
        ...toTarget(session.selection),
        secret,
        ...(options.part !== undefined && { part: options.part }),
      });
      // Only now: a name that does not exist is the first thing to say.
      if (options.reveal !== true && !session.context.io.stdout.isTTY) {
        throw new AbortError(`standard output is no terminal; the secret "${secret}" is not shown`, {
          hint: "give --reveal if it may end up in a file or a log",
        });
      }
      if (session.manner.json) session.printJson(result);
      else session.print(result.value.replace(/\n$/, ""));
      return 0;
    }),
  );
}
