import { Option } from "commander";
import type { Command } from "commander";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import type { Example } from "../examples.ts";
import { parseDuration } from "../parse-arguments.ts";
import { toTarget } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { formatLifecycle } from "../ui/print-lifecycle.ts";

interface Verb {
  readonly name: "stop" | "start" | "restart";
  readonly summary: string;
  readonly description: string;
  readonly examples: readonly Example[];
}

const verbs: readonly Verb[] = [
  {
    name: "stop",
    summary: "stop components; data stays",
    description:
      "Stops all components, or those that are named, dependents before what they depend on. Data and containers stay.",
    examples: [
      { command: "slipway stop", means: "everything" },
      { command: "slipway stop gitlab-shell gitaly", means: "two components, in the right order" },
    ],
  },
  {
    name: "start",
    summary: "start components and wait until they are healthy",
    description:
      "Starts all components, or those that are named, in order of their dependencies, and waits until they are healthy.",
    examples: [
      { command: "slipway start", means: "everything" },
      { command: "slipway start gitaly --timeout 2m", means: "one component, with a limit" },
    ],
  },
  {
    name: "restart",
    summary: "restart components and wait until they are healthy",
    description: "Restarts all components, or those that are named, and waits until they are healthy.",
    examples: [
      { command: "slipway restart", means: "everything" },
      { command: "slipway restart gateway", means: "one component" },
    ],
  },
];

/** `stop`, `start` and `restart`. */
export function declareLifecycle(program: Command, runtime: Runtime): void {
  for (const verb of verbs) declareVerb(program, runtime, verb);
}

function declareVerb(program: Command, runtime: Runtime, verb: Verb): void {
  const command = program
    .command(verb.name)
    .summary(verb.summary)
    .description(verb.description)
    .argument("[component...]", "components; all of them without one")
    .addOption(new Option("--timeout <time>", "longest time to wait, for example 5m").argParser(parseDuration));
  withExamples(command, verb.examples);
  printsJson(command, ["LifecycleResult"]);
  command.action((components: readonly string[], options: { readonly timeout?: number }) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine[verb.name]({
        ...toTarget(session.selection),
        components,
        ...(options.timeout !== undefined && { timeoutSeconds: options.timeout }),
      });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatLifecycle(result, session.style));
      return 0;
    }),
  );
}
