import { type Command, Option } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { AbortError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { parseDuration } from "../parse-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatRotation, formatSecrets } from "../ui/print-secrets.ts";

/** `secrets list` and `secrets show`. */
export function declareSecrets(program: Command, runtime: Runtime): void {
  const group = program
    .command("secrets")
    .summary("name the install's secrets, show one, or replace them")
    .description(
      "Commands about the secrets of an install. They are made once, kept in the state directory, shown only on request, and replaced by others when somebody asks for that.",
    );
  withExamples(group, [{ command: "slipway secrets show casdoor-root", means: "the first password" }]);
  declareList(group, runtime);
  declareShow(group, runtime);
  declareRotate(group, runtime);
}

function declareList(group: Command, runtime: Runtime): void {
  const command = group
    .command("list")
    .summary("name every secret and who reads it; no values")
    .description(
      "Lists the secrets of the install with what made them and when, who reads them, until when they hold, and whether others can take their place. No value is shown.",
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

interface RotateOptions {
  readonly all?: boolean;
  readonly dryRun?: boolean;
  readonly verify: boolean;
  readonly timeout?: number;
}

function declareRotate(group: Command, runtime: Runtime): void {
  const command = group
    .command("rotate")
    .summary("put new secrets in the place of old ones")
    .description(
      "Makes new secrets, hands them to the stores that know them and to everything that reads them, and proves every connection. Whatever reads one of them starts anew, each once, what others need first; data stays. People sign in again where the secret signs their sessions. Killed at any moment, the same command goes on and replaces nothing twice.",
    )
    .argument("[secret...]", "names, see secrets list")
    .option("--all", "every secret that can be replaced; those that stay are told with the reason")
    .option("--dry-run", "say what would be replaced, and what starts anew for it")
    .option("--no-verify", "do not prove the connections at the end")
    .addOption(new Option("--timeout <time>", "longest time for all of it, for example 15m").argParser(parseDuration));
  withExamples(command, [
    { command: "slipway secrets rotate --all --dry-run", means: "what it would do" },
    { command: "slipway secrets rotate --all", means: "after somebody has left who could read them" },
    { command: "slipway secrets rotate postgres-admin registry", means: "these two" },
  ]);
  printsJson(command, ["SecretsRotateResult"]);
  command.action((secrets: readonly string[], options: RotateOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.rotateSecrets({
        ...toTarget(session.selection),
        secrets,
        all: options.all === true,
        dryRun: options.dryRun === true,
        skipVerify: !options.verify,
        ...(options.timeout !== undefined && { timeoutSeconds: options.timeout }),
      });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatRotation(result, session));
      return result.verify?.ok === false ? exitStatusOf("WIRE_FAILED") : 0;
    }),
  );
}
