import { Option } from "commander";
import type { Command } from "commander";
import { exitStatusOf } from "../../errors/exit-codes.ts";
import { withExamples } from "../examples.ts";
import { printsJson } from "../json-output.ts";
import { toTarget, toValuesSelection } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { targetNames } from "../../targets/names.ts";
import { formatCheckList, formatDoctor } from "../ui/print-doctor.ts";

interface DoctorOptions {
  readonly list?: boolean;
  readonly strict?: boolean;
  readonly mode?: string;
}

/** `doctor`: host, engine and install, each finding with its remedy. */
export function declareDoctor(program: Command, runtime: Runtime): void {
  const command = program
    .command("doctor")
    .summary("check host, engine and install; a remedy for each finding")
    .description(
      "Runs every check of the preflight and, when something is installed, the checks of the live platform. Exit 4 when one fails. Nothing is changed.",
    )
    .option("--list", "name every check and why it is made; run none")
    .option("--strict", "count warnings as failures")
    .addOption(
      new Option("--mode <mode>", `target of a new install; ${targetNames[0] ?? ""} when not given`).choices(
        targetNames,
      ),
    );
  withExamples(command, [
    { command: "slipway doctor", means: "what is wrong and what to do" },
    { command: "slipway doctor --list --json", means: "every check: id, title, why" },
    { command: "slipway doctor --strict --set domain=ai.corp.example", means: "before an install with these values" },
  ]);
  printsJson(command, ["DoctorResult", "CheckList"]);
  command.action((options: DoctorOptions) =>
    runtime.perform(command, async (session) => {
      const result = await session.engine.doctor({
        ...toTarget(session.selection),
        values: toValuesSelection(session.selection),
        listOnly: options.list === true,
        strict: options.strict === true,
        ...(options.mode !== undefined && { mode: options.mode }),
      });
      if (session.manner.json) session.tellJson(result);
      else
        session.tell(
          result.kind === "CheckList" ? formatCheckList(result, session.style) : formatDoctor(result, session.style),
        );
      return result.kind === "DoctorResult" && !result.ok ? exitStatusOf("PREFLIGHT_FAILED") : 0;
    }),
  );
}
