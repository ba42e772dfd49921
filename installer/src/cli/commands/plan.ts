import { Option } from "commander";
import type { Command } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { UsageError } from "../../errors/installer-error.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { type BundleSourceOptions, declareBundleSource, toBundleSource } from "./bundle-options.ts";
import { formatPlan } from "../ui/print-plan.ts";
import { targetNames } from "../../targets/names.ts";

interface PlanOptions extends BundleSourceOptions {
  readonly mode?: string;
  readonly offline?: boolean;
  readonly exitCode?: boolean;
  readonly all?: boolean;
}

/** `plan`: what an install would change. */
export function declarePlan(program: Command, runtime: Runtime): void {
  const command = program
    .command("plan")
    .summary("say what an install would create, change and remove")
    .description(
      "Compares the values with what runs and says what an install would do, and why. Where people can change what was set inside a service, such as the clients of sign-in, it asks that service too, from a container that lives for a moment. Nothing is changed.",
    )
    .option("--offline", "compare with the records only; the engine is not asked")
    .option("--exit-code", "exit 14 when there are changes or something was changed inside a service, else 0")
    .option("--all", "also list what stays as it is")
    .addOption(
      new Option("--mode <mode>", `target of a new install; ${targetNames[0] ?? ""} when not given`).choices(
        targetNames,
      ),
    );
  declareBundleSource(command);
  withExamples(command, [
    { command: "slipway plan", means: "what the next install would do" },
    {
      command: "slipway plan --set redis.resources.memory=1Gi --exit-code",
      means: "exit 14: this would change something",
    },
    { command: "slipway plan --offline --json", means: "for a program, with no engine at hand" },
  ]);
  printsJson(command, ["PlanResult"]);
  command.action((options: PlanOptions) =>
    runtime.perform(command, async (session) => {
      if (options.offline === true && options.bundle !== undefined) {
        throw new UsageError("--offline and --bundle exclude each other", {
          hint: "plan --offline compares with the records only; leave it out, a plan from a bundle uses no network anyway",
        });
      }
      const result = await session.engine.plan({
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
        ...(options.mode !== undefined && { mode: options.mode }),
        offline: options.offline === true,
        ...toBundleSource(options, session.context.io.cwd),
      });
      if (session.manner.json) session.tellJson(result);
      else session.tell(formatPlan(result, session.style, options.all === true));
      const differs = result.changed || result.drift.length > 0;
      return options.exitCode === true && differs ? exitStatusOf("PLAN_CHANGED") : 0;
    }),
  );
}
