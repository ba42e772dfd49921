import type { Command } from "commander";
import { UsageError } from "../../errors/installer-error.ts";
import { consoleCommands } from "../../plan/console.ts";
import { withExamples } from "../examples.ts";
import { ownOperands, requireOwnOutput } from "../program-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";

const howItEnds =
  "The program is in a container of its own inside the platform's network, reads address and password from a file that only it can read, and works on an external service, too. Arguments behind -- are its own, and its exit status is that of the command; when it was not started, an error: line says so.";

/** `psql`: the platform's databases. */
export function declareSql(program: Command, runtime: Runtime): void {
  const name = consoleCommands.sql;
  const command = program
    .command(name)
    .summary("work in the platform's databases")
    .description(
      `Opens psql on a database of the platform, as the administrator of all of them unless --login names the role of one. ${howItEnds}`,
    )
    .argument("[database]", "the database; without one, that of the role")
    .argument("[argument...]", "behind --, arguments of psql")
    .option("--login <login>", "the role to sign in as: with the rights of one service");
  withExamples(command, [
    { command: "slipway psql", means: "as the administrator; \\l lists the databases" },
    { command: "slipway psql csghub_server --login csghub_server", means: "with one service's rights" },
    { command: 'slipway psql csghub_server -- -c "select 1"', means: "one statement" },
    { command: "slipway psql csghub_server < change.sql", means: "a file" },
  ]);
  command.action((database: string | undefined, words: readonly string[], options: { readonly login?: string }) =>
    runtime.perform(command, async (session) => {
      requireOwnOutput(session);
      const own = requireFew(ownOperands([database, ...words], runtime), 1, name);
      const { status } = await session.engine.openConsole({
        ...toTarget(session.selection),
        kind: "sql",
        args: [...own, ...runtime.programArguments],
        ...(options.login !== undefined && { login: options.login }),
      });
      return status;
    }),
  );
}

/** `redis-cli`: the platform's keys. */
export function declareKeyValue(program: Command, runtime: Runtime): void {
  const name = consoleCommands["key-value"];
  const command = program
    .command(name)
    .summary("work in the platform's cache")
    .description(
      `Opens redis-cli (of Valkey, which is the same) on the platform's cache, with every right. ${howItEnds}`,
    )
    .argument("[argument...]", "behind --, arguments of redis-cli");
  withExamples(command, [
    { command: "slipway redis-cli", means: "commands, one a line" },
    { command: "slipway redis-cli -- info memory", means: "one command" },
    { command: 'slipway redis-cli -- --scan --pattern "session:*"', means: "keys, without blocking the others" },
  ]);
  command.action((words: readonly string[]) =>
    runtime.perform(command, async (session) => {
      requireOwnOutput(session);
      requireFew(ownOperands(words, runtime), 0, name);
      const args = runtime.programArguments;
      const { status } = await session.engine.openConsole({ ...toTarget(session.selection), kind: "key-value", args });
      return status;
    }),
  );
}

/** More words than the command itself takes are meant for the program. */
function requireFew(own: readonly string[], most: number, name: string): readonly string[] {
  if (own.length <= most) return own;
  const place = [`slipway ${name}`, ...own.slice(0, most), "--", ...own.slice(most)].join(" ");
  throw new UsageError(`too many arguments for ${name}: ${own.slice(most).join(" ")}`, {
    hint: `arguments of the program stand behind --: ${place}`,
  });
}
